package org.flashpaper.demo

import android.graphics.Bitmap
import android.graphics.BitmapFactory

/** Makes a picture of a file that a server has sent. Null where it is none, or too large to be a question's. */
fun bitmap(file: ByteArray): Bitmap? {
    val size = BitmapFactory.Options().apply { inJustDecodeBounds = true }
    BitmapFactory.decodeByteArray(file, 0, file.size, size)
    if (size.outWidth !in 1..MOST || size.outHeight !in 1..MOST) return null
    return BitmapFactory.decodeByteArray(file, 0, file.size)
}

/** Pixels of a side: a server is not to fill the memory. */
private const val MOST = 2048
