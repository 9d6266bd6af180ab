package org.flashpaper.android

import androidx.test.ext.junit.runners.AndroidJUnit4
import androidx.test.platform.app.InstrumentationRegistry
import java.io.File
import org.flashpaper.Flashpaper
import org.junit.Assert.assertFalse
import org.junit.Test
import org.junit.runner.RunWith

/** That the library loads on a device and calls back into Kotlin; the tests of what it does are those of the JVM. */
@RunWith(AndroidJUnit4::class)
class SmokeTest {
    @Test
    fun aPanicRemovesTheFolderAndAsksTheKeystore() {
        val context = InstrumentationRegistry.getInstrumentation().targetContext
        val folder = File(context.filesDir, "smoke")
        folder.mkdirs()
        File(folder, "vault.db").writeText("left")
        Flashpaper.panic(folder, AndroidKeySource(context, "smoke"))
        assertFalse(File(folder, "vault.db").exists())
    }
}
