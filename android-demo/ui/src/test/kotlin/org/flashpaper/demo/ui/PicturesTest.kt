package org.flashpaper.demo.ui

import java.io.File
import javax.imageio.ImageIO
import kotlinx.coroutines.test.runTest
import org.jetbrains.skia.Image
import org.jetbrains.skia.Surface
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory

/**
 * Draws the app. Every scene, each on its own, goes to `target/pictures`. With `-Dpictures=../docs` the sheets of `docs/README.md` are
 * drawn anew: several scenes side by side.
 */
class PicturesTest {
    private val phone = Format(360, 740)

    @TestFactory
    fun `every scene is drawn`(): List<DynamicTest> = SCENES.map { scene ->
        DynamicTest.dynamicTest(scene.name) {
            val light = draw(scene, phone)
            val dark = draw(scene, phone.copy(isDark = true))
            save(light, File("target/pictures/${scene.name}.png"))
            save(dark, File("target/pictures/${scene.name}-dark.png"))
            assertTrue(brightness(light) > brightness(dark) + 0.2, "light and dark")
        }
    }

    @Test
    fun `no two states look the same`() {
        val same = SCENES.groupBy { draw(it, phone).peekPixels()?.buffer?.bytes?.contentHashCode() }.values.filter { it.size > 1 }
        assertEquals(emptyList<List<String>>(), same.map { group -> group.map { it.name } })
    }

    @Test
    fun `the sheets of the docs are drawn, or are there`() {
        val folder = System.getProperty("pictures")?.let(::File)
        if (folder != null) sheets().forEach { (name, images) -> save(join(images), folder.resolve("$name.png")) }
        val docs = File("../docs")
        val text = docs.resolve("README.md").readText()
        assertEquals(emptySet<String>(), SCENES.map { it.name }.toSet() - SHEETS.values.flatMap { it.scenes }.toSet(), "on no sheet")
        for (name in SHEETS.keys) assertTrue(docs.resolve("$name.png").isFile && "($name.png)" in text, name)
        assertTrue(docs.walk().filter { it.extension == "png" }.sumOf { it.length() } < 1_500_000)
    }

    private fun sheets(): Map<String, List<Image>> = SHEETS.mapValues { (_, sheet) -> sheet.scenes.map { name -> draw(SCENES.single { it.name == name }, sheet.format) } }

    private fun draw(scene: Scene, format: Format): Image {
        var image: Image? = null
        runTest { show(scene, format.copy(height = maxOf(format.height, scene.height))) { image = it.picture() } }
        return checkNotNull(image)
    }

    private fun join(images: List<Image>): Image {
        val surface = Surface.makeRasterN32Premul(images.sumOf { it.width + GAP } + GAP, images.maxOf { it.height } + 2 * GAP)
        surface.canvas.clear(0xFFB9BAC4.toInt())
        images.fold(GAP) { left, image ->
            surface.canvas.drawImage(image, left.toFloat(), GAP.toFloat())
            left + image.width + GAP
        }
        return surface.makeImageSnapshot()
    }

    private fun save(image: Image, file: File) {
        file.absoluteFile.parentFile.mkdirs()
        ImageIO.write(withPalette(image), "png", file)
    }

    /** Of a picture as a whole, 0 to 1. */
    private fun brightness(image: Image): Double {
        val bytes = checkNotNull(image.peekPixels()).buffer.bytes
        return bytes.indices.filter { it % 4 != 3 }.map { bytes[it].toInt() and 0xFF }.average() / 255
    }

    private companion object {
        const val GAP = 16
    }
}
