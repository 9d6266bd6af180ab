package org.flashpaper.demo

import android.app.Activity
import android.content.pm.ApplicationInfo
import android.view.WindowManager.LayoutParams.FLAG_SECURE
import org.junit.Assert.assertEquals
import org.junit.Assert.assertSame
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment

/** The app as its manifest and its linked resources describe it. */
@RunWith(RobolectricTestRunner::class)
class DemoApplicationTest {
    private val application = RuntimeEnvironment.getApplication() as DemoApplication

    @Test
    fun `every window is secure, and stays so when the screen turns`() {
        val activity = Robolectric.buildActivity(Activity::class.java).setup()
        repeat(2) {
            assertTrue(activity.get().window.attributes.flags and FLAG_SECURE != 0)
            activity.recreate()
        }
    }

    @Test
    fun `a turned screen finds the same model`() {
        val activity = Robolectric.buildActivity(Activity::class.java).setup()
        val model = (activity.get().application as DemoApplication).model
        activity.recreate()
        assertSame(model, (activity.get().application as DemoApplication).model)
    }

    @Test
    fun `it has its name, and nothing of it is backed up`() {
        assertEquals("Flashpaper", application.getString(application.applicationInfo.labelRes))
        assertEquals(0, application.applicationInfo.flags and ApplicationInfo.FLAG_ALLOW_BACKUP)
    }
}
