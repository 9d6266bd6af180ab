package org.flashpaper.demo

import android.Manifest.permission.CAMERA
import android.content.Intent
import android.content.pm.PackageManager.PERMISSION_DENIED
import android.graphics.RectF
import com.google.zxing.qrcode.decoder.ErrorCorrectionLevel
import com.google.zxing.qrcode.encoder.Encoder
import android.view.View
import java.nio.ByteBuffer
import java.util.Random
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
import org.robolectric.shadows.ShadowToast

/** Codes are read, and the camera is asked for only when one is to be scanned. No camera was tried. */
@RunWith(RobolectricTestRunner::class)
class ScanTest {
    private val app = RuntimeEnvironment.getApplication()
    private val link = "xmpp:quietharbor@burner.test?otr-fingerprint=0123456789ABCDEF0123456789ABCDEF01234567"

    /** The brightness of a picture with a code somewhere in it, in lines that are longer than the picture, as cameras give them. */
    private fun picture(text: String, width: Int, height: Int, stride: Int, turned: Boolean): ByteBuffer {
        val code = Encoder.encode(text, ErrorCorrectionLevel.M).matrix
        val random = Random(1)
        val bytes = ByteArray(stride * (height - 1) + width) { (200 + random.nextInt(20)).toByte() }
        for (y in 0 until code.height * SIDE) {
            for (x in 0 until code.width * SIDE) {
                val dark = if (turned) code.get(y / SIDE, code.height - 1 - x / SIDE) else code.get(x / SIDE, y / SIDE)
                if (dark.toInt() == 1) bytes[(y + 60) * stride + x + 90] = (20 + random.nextInt(20)).toByte()
            }
        }
        return ByteBuffer.wrap(bytes)
    }

    @Test
    fun `a code in what the camera sees is read, however it lies`() {
        assertEquals(link, QrReader.read(picture(link, 640, 480, 640, turned = false), 640, 640, 480))
        assertEquals(link, QrReader.read(picture(link, 640, 480, 704, turned = true), 704, 640, 480))
    }

    @Test
    fun `where there is no code there is none`() {
        val noise = ByteArray(640 * 480).also { Random(2).nextBytes(it) }
        assertNull(QrReader.read(ByteBuffer.wrap(noise), 640, 640, 480))
    }

    @Test
    fun `the camera is asked for when a code is to be scanned, and a no is taken`() {
        val activity = Robolectric.buildActivity(ScanActivity::class.java, Intent()).setup().get()
        assertEquals(listOf(CAMERA), shadowOf(activity).lastRequestedPermission.requestedPermissions.toList())
        assertFalse(activity.isFinishing)
        activity.onRequestPermissionsResult(0, arrayOf(CAMERA), intArrayOf(PERMISSION_DENIED))
        assertTrue(activity.isFinishing)
        assertEquals(app.getString(R.string.contacts_scan_none), ShadowToast.getTextOfLatestToast())
    }

    @Test
    fun `panic is two touches from here, too`() {
        val activity = Robolectric.buildActivity(ScanActivity::class.java, Intent()).setup().get()
        val found = arrayListOf<View>()
        activity.window.decorView.findViewsWithText(found, app.getString(R.string.panic), View.FIND_VIEWS_WITH_TEXT)
        found.single().performClick()
        assertEquals(Screen.Panic to true, (app as DemoApplication).model.state.value.screen to activity.isFinishing)
    }

    @Test
    fun `a device without a camera says so`() {
        shadowOf(app).grantPermissions(CAMERA)
        var failed = false
        Camera(app, android.graphics.SurfaceTexture(0), {}, { failed = true }).use { until("told") { failed } }
    }

    @Test
    fun `the picture fills the screen and keeps its proportions`() {
        for ((width, height) in listOf(1080 to 2340, 1600 to 2560, 720 to 1280)) {
            val drawn = RectF(0f, 0f, width.toFloat(), height.toFloat()).also { Camera.upright(width, height).mapRect(it) }
            assertEquals(1280f / 720f, drawn.height() / drawn.width(), 0.01f)
            assertTrue(drawn.width() >= width - 1 && drawn.height() >= height - 1)
        }
    }

    private companion object {
        /** Pixels of a module's side. */
        const val SIDE = 6
    }
}
