package org.flashpaper.demo.ui

import androidx.compose.ui.semantics.SemanticsActions
import androidx.compose.ui.semantics.SemanticsNode
import androidx.compose.ui.text.TextLayoutResult
import java.text.BreakIterator
import kotlinx.coroutines.test.TestScope
import kotlinx.coroutines.test.runTest
import org.flashpaper.demo.Text
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.TestFactory

/**
 * No text of any state is cut, and no word is broken: on a phone of 320 dp, there also with letters of twice the size, on a wide
 * screen, and in Persian. The screens are as high as their content, so that what is cut was not merely scrolled away.
 */
class FitTest {
    @TestFactory
    fun fits(): List<DynamicTest> = FORMATS.flatMap { (name, format) ->
        SCENES.map { scene -> DynamicTest.dynamicTest("${scene.name}, $name") { look(scene, format) } }
    }

    private fun look(scene: Scene, format: Format) = runTest {
        show(scene, format, isDrawn = false) { paper ->
            assertEquals(emptyList<String>(), paper.texts.flatMap { (node, layout) -> faults(node, layout) })
        }
    }

    private fun faults(node: SemanticsNode, layout: TextLayoutResult): List<String> {
        val text = layout.layoutInput.text.text
        val isInput = node.config.contains(SemanticsActions.SetText)
        return listOfNotNull(
            "cut: $text".takeIf { layout.hasVisualOverflow },
            // What is drawn of it, within the screen and all that it stands in, is all of it.
            "outside: $text, ${node.size}, ${node.boundsInRoot}".takeIf { !isInput && isOutside(node) },
            brokenWord(layout)?.let { "broken: $it" }.takeIf { !isInput },
        )
    }

    private fun isOutside(node: SemanticsNode): Boolean =
        node.boundsInRoot.width < node.size.width - 1 || node.boundsInRoot.height < node.size.height - 1

    /** The first word that goes on in the next line, where the language allows no line to end. */
    private fun brokenWord(layout: TextLayoutResult): String? {
        val text = layout.layoutInput.text.text
        val allowed = BreakIterator.getLineInstance().apply { setText(text) }
        return (0 until layout.lineCount - 1).map { layout.getLineEnd(it) }
            .firstOrNull { it in 1 until text.length && !allowed.isBoundary(it) && isInWord(text, it) }
            ?.let { text.substring((it - 8).coerceAtLeast(0), (it + 8).coerceAtMost(text.length)) }
    }

    /** Addresses have signs between their words. */
    private fun isInWord(text: String, place: Int) = text[place - 1].isLetterOrDigit() && text[place].isLetterOrDigit()

    private companion object {
        val FORMATS = mapOf(
            "narrow" to Format(320, 3200),
            "narrow, twice the letters" to Format(320, 8000, letters = 2f),
            "wide" to Format(900, 3200),
            "Persian" to Format(320, 3200, language = Language.PERSIAN),
            "Persian, twice the letters" to Format(320, 8000, letters = 2f, language = Language.PERSIAN),
        )
    }
}

/** Plays a scene, and shows its end. */
internal suspend fun TestScope.show(scene: Scene, format: Format, isDrawn: Boolean = true, look: (Paper) -> Unit): Stage {
    val stage = Stage(this, scene.network)
    scene.play(stage)
    stage.settle()
    Paper(stage, format, isDrawn).use { paper ->
        scene.touch?.let { paper.touch(format.language.wording.say(Text(it))) }
        look(paper)
    }
    return stage
}
