package org.flashpaper.demo.ui

import androidx.compose.runtime.Composable
import androidx.compose.ui.ImageComposeScene
import androidx.compose.ui.graphics.luminance
import androidx.compose.ui.graphics.toComposeImageBitmap
import androidx.compose.ui.graphics.toPixelMap
import androidx.compose.ui.test.junit4.ComposeContentTestRule
import androidx.compose.ui.test.junit4.createComposeRule
import androidx.compose.ui.unit.Density
import androidx.compose.ui.use
import java.io.File
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.runner.Description
import org.junit.runners.model.Statement

/** Draws a screen into a picture in `target`, then has it used. */
internal fun seen(name: String, dark: Boolean, screen: @Composable () -> Unit, look: ComposeContentTestRule.() -> Unit) {
    draw(name, dark, screen)
    val rule = createComposeRule()
    val test = object : Statement() {
        override fun evaluate() {
            // The progress bars never rest.
            rule.mainClock.autoAdvance = false
            rule.setContent(screen)
            rule.look()
        }
    }
    rule.apply(test, Description.EMPTY).evaluate()
}

/** A phone's screen at twice the size, drawn in memory by Skia's software renderer. */
private fun draw(name: String, dark: Boolean, screen: @Composable () -> Unit) {
    val scene = ImageComposeScene(720, 1280, Density(2f), content = screen)
    val picture = scene.use { it.render(nanoTime = 1_000_000_000) }
    val png = checkNotNull(picture.encodeToData()).bytes
    File("target/pictures").apply { mkdirs() }.resolve("$name.png").writeBytes(png)

    val pixels = picture.toComposeImageBitmap().toPixelMap()
    val background = pixels[0, 0]
    assertEquals(dark, background.luminance() < 0.5f)
    val acrossTheTitle = (0 until pixels.width).map { pixels[it, 60] }
    assertTrue(acrossTheTitle.any { it != background }, "nothing is drawn")
}
