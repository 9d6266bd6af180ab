package org.flashpaper.demo

import android.annotation.SuppressLint
import android.content.Context
import android.graphics.ImageFormat
import android.graphics.Matrix
import android.graphics.SurfaceTexture
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraCaptureSession
import android.hardware.camera2.CameraCharacteristics.LENS_FACING
import android.hardware.camera2.CameraDevice
import android.hardware.camera2.CameraManager
import android.hardware.camera2.CameraMetadata.LENS_FACING_BACK
import android.hardware.camera2.CaptureRequest
import android.media.ImageReader
import android.os.Handler
import android.os.Looper
import android.view.Surface

/**
 * The camera at the back, from now until it is closed: shows what it sees on [preview], and looks for a QR code in it. Both [found]
 * and [failed] are called on the main thread, once. Needs the permission for the camera.
 */
class Camera(context: Context, preview: SurfaceTexture, private val found: (String) -> Unit, private val failed: () -> Unit) : AutoCloseable {
    private val manager = context.service<CameraManager>()
    private val handler = Handler(Looper.getMainLooper())
    private val frames = ImageReader.newInstance(WIDTH, HEIGHT, ImageFormat.YUV_420_888, 2)
    private val surface: Surface
    private var device: CameraDevice? = null
    private var isOver = false

    init {
        preview.setDefaultBufferSize(WIDTH, HEIGHT)
        surface = Surface(preview)
        frames.setOnImageAvailableListener(::look, handler)
        open()
    }

    override fun close() {
        isOver = true
        device?.close()
        frames.close()
        surface.release()
    }

    // The activity that makes one has asked for the permission; without it the call throws.
    @SuppressLint("MissingPermission")
    private fun open() {
        try {
            val back = manager.cameraIdList.firstOrNull { manager.getCameraCharacteristics(it)[LENS_FACING] == LENS_FACING_BACK }
            if (back == null) fail() else manager.openCamera(back, Opened(), handler)
        } catch (_: CameraAccessException) {
            fail()
        } catch (_: SecurityException) {
            fail()
        }
    }

    private fun fail() {
        if (isOver) return
        isOver = true
        handler.post(failed)
    }

    private fun look(reader: ImageReader) {
        val text = reader.acquireLatestImage()?.use { QrReader.read(it.planes[0].buffer, it.planes[0].rowStride, it.width, it.height) }
        if (text == null || isOver) return
        isOver = true
        found(text)
    }

    private inner class Opened : CameraDevice.StateCallback() {
        override fun onOpened(camera: CameraDevice) {
            if (isOver) return camera.close()
            device = camera
            orFail {
                // The newer call needs Android 9.
                @Suppress("DEPRECATION")
                camera.createCaptureSession(listOf(surface, frames.surface), Begun(camera), handler)
            }
        }

        override fun onDisconnected(camera: CameraDevice) {
            camera.close()
            fail()
        }

        override fun onError(camera: CameraDevice, error: Int) = onDisconnected(camera)
    }

    private inner class Begun(private val camera: CameraDevice) : CameraCaptureSession.StateCallback() {
        override fun onConfigured(session: CameraCaptureSession) {
            if (isOver) return
            orFail {
                val request = camera.createCaptureRequest(CameraDevice.TEMPLATE_PREVIEW)
                request.addTarget(surface)
                request.addTarget(frames.surface)
                request[CaptureRequest.CONTROL_AF_MODE] = CaptureRequest.CONTROL_AF_MODE_CONTINUOUS_PICTURE
                session.setRepeatingRequest(request.build(), null, handler)
            }
        }

        override fun onConfigureFailed(session: CameraCaptureSession) = fail()
    }

    /** Another app may take the camera at any time: it is then out of reach, or closed. */
    private fun orFail(work: () -> Unit) {
        try {
            work()
        } catch (_: CameraAccessException) {
            fail()
        } catch (_: IllegalStateException) {
            fail()
        }
    }

    companion object {
        private const val WIDTH = 1280
        private const val HEIGHT = 720

        /** Fills an upright view with the picture, which comes lying on its side, and keeps its proportions. */
        fun upright(width: Int, height: Int): Matrix {
            val scale = maxOf(width.toFloat() / HEIGHT, height.toFloat() / WIDTH)
            return Matrix().apply { setScale(HEIGHT * scale / width, WIDTH * scale / height, width / 2f, height / 2f) }
        }
    }
}
