package org.flashpaper.demo

import com.google.zxing.BinaryBitmap
import com.google.zxing.PlanarYUVLuminanceSource
import com.google.zxing.ReaderException
import com.google.zxing.common.HybridBinarizer
import com.google.zxing.qrcode.QRCodeReader
import java.nio.ByteBuffer

/** Reads QR codes. */
object QrReader {
    /** The text of the code in a picture's brightness, a byte a pixel, in lines of [stride] bytes. Null: there is none. */
    fun read(brightness: ByteBuffer, stride: Int, width: Int, height: Int): String? {
        // The last line may end at its last pixel.
        val bytes = ByteArray(stride * height).also { brightness.get(it, 0, minOf(it.size, brightness.remaining())) }
        val picture = PlanarYUVLuminanceSource(bytes, stride, height, 0, 0, width, height, false)
        return try {
            QRCodeReader().decode(BinaryBitmap(HybridBinarizer(picture))).text
        } catch (_: ReaderException) {
            null
        }
    }
}
