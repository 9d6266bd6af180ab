@file:OptIn(ExperimentalComposeUiApi::class)

package org.flashpaper.demo.ui

import androidx.compose.runtime.Composable
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.runtime.snapshots.Snapshot
import androidx.compose.ui.ComposeScene
import androidx.compose.ui.ExperimentalComposeUiApi
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.input.pointer.PointerEventType
import androidx.compose.ui.platform.LocalLayoutDirection
import androidx.compose.ui.semantics.SemanticsActions
import androidx.compose.ui.semantics.SemanticsNode
import androidx.compose.ui.semantics.SemanticsProperties
import androidx.compose.ui.semantics.getAllSemanticsNodes
import androidx.compose.ui.semantics.getOrNull
import androidx.compose.ui.text.TextLayoutResult
import androidx.compose.ui.unit.Constraints
import androidx.compose.ui.unit.Density
import org.flashpaper.demo.ui.design.FlashpaperTheme
import org.jetbrains.skia.Image
import org.jetbrains.skia.Surface

/** A phone's screen, in units of its own (dp) and with letters of a size. */
internal data class Format(
    val width: Int,
    val height: Int,
    val letters: Float = 1f,
    val isDark: Boolean = false,
    val language: Language = Language.ENGLISH,
)

/** What the app shows on a screen that is not there: it can be looked at, measured and touched. */
internal class Paper(private val stage: Stage, private val format: Format, isDrawn: Boolean = true) : AutoCloseable {
    // What a view launches waits for its turn, as on a phone: begun within a layout it could not scroll.
    private val scene = ComposeScene(stage.dispatcher, Density(1f, format.letters))

    // Measuring needs no picture, which would be high and slow.
    private val surface = if (isDrawn) Surface.makeRasterN32Premul(format.width, format.height) else Surface.makeRasterN32Premul(1, 1)
    private var frame = 0L

    init {
        scene.constraints = Constraints(maxWidth = format.width, maxHeight = format.height)
        scene.setContent { Shown { App(stage.app) } }
        settle()
    }

    @Composable
    private fun Shown(content: @Composable () -> Unit) {
        CompositionLocalProvider(
            LocalWording provides format.language.wording,
            LocalDevice provides stage,
            LocalLayoutDirection provides format.language.direction,
        ) {
            FlashpaperTheme(format.isDark, content)
        }
    }

    /** Until what moves (a sheet, a menu) is where it stays, and letters have their size. */
    fun settle() = repeat(FRAMES) {
        stage.settle()
        // At once, not when another thread comes to it.
        Snapshot.sendApplyNotifications()
        scene.render(surface.canvas, frame++ * FRAME)
    }

    fun picture(): Image {
        surface.canvas.clear(0)
        settle()
        return surface.makeImageSnapshot()
    }

    val nodes: List<SemanticsNode>
        get() = scene.roots.flatMap { it.semanticsOwner.getAllSemanticsNodes(mergingEnabled = false) }

    /** All that is written, with where it stands. */
    val texts: List<Pair<SemanticsNode, TextLayoutResult>>
        get() = nodes.mapNotNull { node ->
            val results = mutableListOf<TextLayoutResult>()
            node.config.getOrNull(SemanticsActions.GetTextLayoutResult)?.action?.invoke(results)
            results.firstOrNull()?.let { node to it }
        }

    fun shows(words: String): Boolean = texts.any { (_, layout) -> plain(layout.layoutInput.text.text) == words }

    /** Touches what has this label: a picture's, or written words. */
    fun touch(label: String) = touch(find(label))

    fun touch(node: SemanticsNode) {
        val touched = generateSequence(node) { it.parent }.first { it.config.contains(SemanticsActions.OnClick) }
        checkNotNull(touched.config[SemanticsActions.OnClick].action).invoke()
        settle()
    }

    fun find(label: String): SemanticsNode = checkNotNull(all(label).firstOrNull()) { "there is no $label" }

    /** In their order: what lies over the screen comes last. */
    fun all(label: String): List<SemanticsNode> = nodes.filter { node ->
        label in node.config.getOrNull(SemanticsProperties.ContentDescription).orEmpty() ||
            node.config.getOrNull(SemanticsProperties.Text).orEmpty().any { plain(it.text) == label }
    }

    /** Without the marks that let an address go on in the next line. */
    private fun plain(text: String) = text.replace("\u200b", "")

    /** A finger, which goes down, from one place to another, and up where there is a last one. */
    fun finger(type: PointerEventType, at: Offset) {
        scene.sendPointerEvent(type, at)
        settle()
    }

    fun scroll(at: Offset) {
        scene.sendPointerEvent(PointerEventType.Scroll, at, scrollDelta = Offset(0f, -1f))
        settle()
    }

    override fun close() = scene.close()

    private companion object {
        const val FRAMES = 30
        const val FRAME = 16_000_000L
    }
}
