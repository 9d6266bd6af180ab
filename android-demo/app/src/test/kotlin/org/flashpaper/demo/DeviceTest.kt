package org.flashpaper.demo

import android.Manifest.permission.POST_NOTIFICATIONS
import android.app.Activity
import android.content.ClipDescription
import android.content.ClipboardManager
import android.content.Intent
import android.graphics.Bitmap
import android.os.Looper
import android.view.inputmethod.EditorInfo
import java.io.ByteArrayOutputStream
import java.time.Duration
import java.time.Instant
import java.util.Locale
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

/** What the screens have Android do. */
@RunWith(RobolectricTestRunner::class)
class DeviceTest {
    private val app = RuntimeEnvironment.getApplication() as TestDemoApplication
    private val activity = Robolectric.buildActivity(Activity::class.java).setup().get()
    private val device = AndroidDevice(activity) { null }
    private val clipboard = app.service<ClipboardManager>()

    @Test
    fun `what is copied is marked, and is gone after a minute`() {
        device.copy("first")
        shadowOf(Looper.getMainLooper()).idleFor(Duration.ofSeconds(50))
        device.copy("xmpp:quietharbor@burner.test")
        assertEquals("xmpp:quietharbor@burner.test", clipboard.primaryClip?.getItemAt(0)?.text)
        assertTrue(clipboard.primaryClip?.description?.extras?.getBoolean(ClipDescription.EXTRA_IS_SENSITIVE) == true)
        shadowOf(Looper.getMainLooper()).idleFor(Duration.ofSeconds(50))
        assertTrue(clipboard.hasPrimaryClip())
        shadowOf(Looper.getMainLooper()).idleFor(Duration.ofSeconds(11))
        assertFalse(clipboard.hasPrimaryClip())
    }

    @Test
    fun `a clipboard that this app has not filled is left alone`() {
        clipboard.setPrimaryClip(android.content.ClipData.newPlainText("", "of another app"))
        app.clipboard.clear()
        assertTrue(clipboard.hasPrimaryClip())
    }

    @Test
    fun `to stay connected is a service, and asks whether it may notify`() {
        assertFalse(device.settings.value.staysConnected)
        device.stayConnected(true)
        assertEquals(listOf(POST_NOTIFICATIONS), shadowOf(activity).lastRequestedPermission.requestedPermissions.toList())
        assertEquals(StayConnected::class.java.name, shadowOf(app).nextStartedService.component?.className)
        until("told") { device.settings.value.staysConnected && app.platform.staysConnected }
        device.stayConnected(false)
        assertEquals(StayConnected::class.java.name, shadowOf(app).nextStoppedService.component?.className)
        until("told") { !device.settings.value.staysConnected && !app.platform.staysConnected }
    }

    @Test
    fun `Android does not start the service again by itself`() {
        val service = Robolectric.buildService(StayConnected::class.java).create().get()
        assertEquals(android.app.Service.START_NOT_STICKY, service.onStartCommand(Intent(), 0, 1))
        val shown = shadowOf(service).lastForegroundNotification
        val words = shown.extras.keySet().mapNotNull { shown.extras.getCharSequence(it)?.toString() }
        assertEquals(listOf("Flashpaper"), words)
    }

    @Test
    fun `codes are scanned and shared by other activities`() {
        var found: String? = null
        device.scan { found = it }
        assertEquals(ScanActivity::class.java.name, shadowOf(activity).nextStartedActivity.component?.className)
        app.scanned("xmpp:a@example.net")
        assertEquals("xmpp:a@example.net", found)
        device.share("xmpp:b@example.net")
        assertEquals(Intent.ACTION_CHOOSER, shadowOf(activity).nextStartedActivity.action)
    }

    @Test
    fun `links go to another app, and none is no fault`() {
        app.platform.openLink("https://example.org/a")
        shadowOf(app).nextStartedActivity.run { assertEquals(Intent.ACTION_VIEW to "https://example.org/a", action to dataString) }
        shadowOf(app).checkActivities(true)
        app.platform.openLink("https://example.org/a")
    }

    @Test
    fun `choices are kept`() {
        val chosen = Choices(Entrance.BRIDGES, "192.0.2.7:443 AB\n192.0.2.8:443 CD", AutoLock.ONE_HOUR)
        assertEquals(Choices(), app.platform.load())
        app.platform.save(chosen)
        assertEquals(chosen, AndroidPlatform(app, app.keys).load())
    }

    @Test
    fun `the keyboard learns nothing and suggests nothing`() {
        val info = EditorInfo().apply { inputType = EditorInfo.TYPE_CLASS_TEXT }
        info.keepNothing()
        assertTrue(info.imeOptions and EditorInfo.IME_FLAG_NO_PERSONALIZED_LEARNING != 0)
        assertTrue(info.inputType and EditorInfo.TYPE_TEXT_FLAG_NO_SUGGESTIONS != 0)
        assertEquals(EditorInfo.TYPE_CLASS_TEXT, info.inputType and EditorInfo.TYPE_MASK_CLASS)
    }

    @Test
    fun `a server's picture is one, and not too large`() {
        fun png(width: Int) = ByteArrayOutputStream().also { Bitmap.createBitmap(width, 10, Bitmap.Config.ARGB_8888).compress(Bitmap.CompressFormat.PNG, 100, it) }.toByteArray()
        assertEquals(20, bitmap(png(20))?.width)
        assertNull(bitmap(png(5000)))
    }

    @Test
    fun `every text of the models has words`() {
        val words = wording(app)
        for (key in TextKey.entries) {
            assertTrue(key.id, words.say(Text(key, List(key.places) { Number(7) })).isNotBlank())
        }
        assertEquals("You are \u2068quietharbor\u2069", words.say(Text(TextKey.BURNER_SPEAKS, Verbatim("quietharbor"))))
        val noon = Moment(Instant.parse("2026-11-29T12:05:00Z"), withDay = true)
        assertTrue(words.say(noon).run { contains("29") && contains("12:05") })
        assertFalse(words.say(noon.copy(withDay = false)).contains("29"))
    }

    @Test
    @Config(qualifiers = "fa")
    fun `numbers are those of the language`() {
        assertEquals(Locale.forLanguageTag("fa"), app.resources.configuration.locales[0])
        assertEquals("۷", wording(app).say(Number(7)))
    }
}
