package org.flashpaper.demo

import android.Manifest.permission.CAMERA
import android.app.Activity
import android.content.pm.PackageManager.PERMISSION_GRANTED
import android.content.res.ColorStateList
import android.graphics.Color
import android.graphics.SurfaceTexture
import android.os.Bundle
import android.view.Gravity
import android.view.TextureView
import android.widget.Button
import android.widget.FrameLayout
import android.widget.FrameLayout.LayoutParams
import android.widget.FrameLayout.LayoutParams.MATCH_PARENT
import android.widget.FrameLayout.LayoutParams.WRAP_CONTENT
import android.widget.TextView
import android.widget.Toast

/** Shows what the camera sees until there is a QR code in it. The camera is asked for here, and runs only while this is shown. */
class ScanActivity : Activity() {
    private lateinit var preview: TextureView
    private var camera: Camera? = null

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        preview = TextureView(this)
        val panic = Button(this).apply {
            setText(R.string.panic)
            setTextColor(Color.WHITE)
            backgroundTintList = ColorStateList.valueOf(RED)
            setOnClickListener { panic() }
        }
        val hint = TextView(this).apply {
            setText(R.string.contacts_scan_hint)
            setTextColor(Color.WHITE)
            setBackgroundColor(Color.argb(0xB0, 0, 0, 0))
            textSize = HINT_SP
            gravity = Gravity.CENTER
            val space = (SPACE_DP * resources.displayMetrics.density).toInt()
            setPadding(space, space, space, space)
        }
        setContentView(
            FrameLayout(this).apply {
                fitsSystemWindows = true
                addView(preview, LayoutParams(MATCH_PARENT, MATCH_PARENT))
                addView(panic, LayoutParams(WRAP_CONTENT, WRAP_CONTENT, Gravity.TOP or Gravity.END))
                addView(hint, LayoutParams(MATCH_PARENT, WRAP_CONTENT, Gravity.BOTTOM))
            },
        )
        preview.surfaceTextureListener = object : TextureView.SurfaceTextureListener {
            override fun onSurfaceTextureAvailable(surface: SurfaceTexture, width: Int, height: Int) = begin()
            override fun onSurfaceTextureSizeChanged(surface: SurfaceTexture, width: Int, height: Int) = begin()
            override fun onSurfaceTextureDestroyed(surface: SurfaceTexture): Boolean = true
            override fun onSurfaceTextureUpdated(surface: SurfaceTexture) = Unit
        }
        if (checkSelfPermission(CAMERA) != PERMISSION_GRANTED) requestPermissions(arrayOf(CAMERA), 0)
    }

    override fun onStart() {
        super.onStart()
        begin()
    }

    override fun onRequestPermissionsResult(request: Int, permissions: Array<out String>, results: IntArray) {
        // None where the question was interrupted, by a turn of the screen: it is asked again then.
        if (results.isEmpty()) return
        if (results.all { it == PERMISSION_GRANTED }) begin() else none()
    }

    override fun onStop() {
        camera?.close()
        camera = null
        super.onStop()
    }

    private fun begin() {
        val surface = preview.surfaceTexture
        if (camera != null || surface == null || checkSelfPermission(CAMERA) != PERMISSION_GRANTED) return
        preview.setTransform(Camera.upright(preview.width, preview.height))
        camera = Camera(this, surface, ::found, ::none)
    }

    /** The first of the two touches, as on every screen: the slider is in the app's other activity, which lies beneath. */
    private fun panic() {
        (application as DemoApplication).model.panic()
        finish()
    }

    private fun found(text: String) {
        (application as DemoApplication).scanned(text)
        finish()
    }

    /** There is no camera, or it may not be used: a contact can be added without one. */
    private fun none() {
        Toast.makeText(this, R.string.contacts_scan_none, Toast.LENGTH_LONG).show()
        finish()
    }

    private companion object {
        /** The theme's, on white letters. */
        const val RED = 0xFFB3261E.toInt()
        const val HINT_SP = 18f
        const val SPACE_DP = 24
    }
}
