package org.flashpaper.demo.ui

import java.awt.image.BufferedImage
import java.awt.image.BufferedImage.TYPE_BYTE_INDEXED
import java.awt.image.IndexColorModel
import org.jetbrains.skia.Bitmap
import org.jetbrains.skia.Image

/** A picture of 256 colours: those that it has most of, and for the others the nearest. The file is a third as large. */
internal fun withPalette(image: Image): BufferedImage {
    val bitmap = Bitmap.makeFromImage(image)
    val pixels = IntArray(image.width * image.height) { rounded(bitmap.getColor(it % image.width, it / image.width)) }
    val colors = pixels.toList().groupingBy { it }.eachCount().entries.sortedByDescending { it.value }.take(256).map { it.key }
    val places = colors.withIndex().associate { (place, color) -> color to place }.toMutableMap()
    fun part(shift: Int) = ByteArray(colors.size) { (colors[it] shr shift).toByte() }
    val palette = IndexColorModel(8, colors.size, part(16), part(8), part(0))
    return BufferedImage(image.width, image.height, TYPE_BYTE_INDEXED, palette).apply {
        val fields = ByteArray(pixels.size) { at ->
            places.getOrPut(pixels[at]) { colors.indices.minBy { distance(colors[it], pixels[at]) } }.toByte()
        }
        raster.setDataElements(0, 0, image.width, image.height, fields)
    }
}

/** Shades that nobody can tell apart are one. */
private fun rounded(color: Int) = color and 0xFCFCFC

private fun distance(one: Int, other: Int) = listOf(16, 8, 0).sumOf { shift ->
    val difference = (one shr shift and 0xFF) - (other shr shift and 0xFF)
    difference * difference
}
