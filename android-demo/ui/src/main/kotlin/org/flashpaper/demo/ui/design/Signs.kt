// Words with an icon and a colour. None of the three stands alone.

package org.flashpaper.demo.ui.design

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.offset
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.Icon
import androidx.compose.material3.LocalContentColor
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.TextStyle
import androidx.compose.ui.unit.dp
import org.flashpaper.demo.Arg
import org.flashpaper.demo.Note
import org.flashpaper.demo.Problem
import org.flashpaper.demo.Sign
import org.flashpaper.demo.TextKey
import org.flashpaper.demo.ui.words

/** A sign in a line of its own ground: how something stands. */
@Composable
internal fun Chip(sign: Sign, modifier: Modifier = Modifier) {
    val tone = colors(sign.tone)
    Surface(modifier, RoundedCornerShape(50), tone.ground, tone.onGround) {
        Row(Modifier.padding(horizontal = 10.dp, vertical = 4.dp), Arrangement.spacedBy(6.dp), Alignment.CenterVertically) {
            Icon(vector(sign.mark), null, Modifier.size(16.dp))
            Say(sign.text, Modifier.weight(1f, fill = false), MaterialTheme.typography.labelMedium)
        }
    }
}

/** A sign among other words. */
@Composable
internal fun SignLine(sign: Sign, style: TextStyle = MaterialTheme.typography.bodyMedium, color: Color = colors(sign.tone).strong) {
    Row(horizontalArrangement = Arrangement.spacedBy(6.dp), verticalAlignment = Alignment.CenterVertically) {
        Icon(vector(sign.mark), null, Modifier.size(16.dp), color)
        Say(sign.text, Modifier.weight(1f, fill = false), style, color)
    }
}

/** A sign across the screen: it lasts. */
@Composable
internal fun Banner(sign: Sign) {
    val tone = colors(sign.tone)
    Surface(Modifier.fillMaxWidth(), color = tone.ground, contentColor = tone.onGround) {
        Row(Modifier.padding(horizontal = 16.dp, vertical = 10.dp), Arrangement.spacedBy(12.dp), Alignment.CenterVertically) {
            Icon(vector(sign.mark), null, Modifier.size(20.dp))
            Say(sign.text, Modifier.weight(1f), MaterialTheme.typography.bodyMedium)
        }
    }
}

/** A sign with more words below it, and with buttons. */
@Composable
internal fun SignCard(sign: Sign, text: Arg?, modifier: Modifier = Modifier, buttons: (@Composable ColumnScope.() -> Unit)? = null) {
    val tone = colors(sign.tone)
    Surface(modifier.fillMaxWidth(), MaterialTheme.shapes.medium, tone.ground, tone.onGround) {
        Row(Modifier.padding(16.dp), Arrangement.spacedBy(12.dp)) {
            Icon(vector(sign.mark), null, Modifier.size(24.dp))
            Column(Modifier.weight(1f), Arrangement.spacedBy(4.dp)) {
                Say(
                    sign.text,
                    Modifier.semantics { liveRegion = LiveRegionMode.Polite },
                    MaterialTheme.typography.titleMedium,
                )
                text?.let { Say(it, style = MaterialTheme.typography.bodyMedium) }
                buttons?.invoke(this)
            }
        }
    }
}

/** What does not work, and what to do. */
@Composable
internal fun ProblemCard(problem: Problem, retry: () -> Unit) =
    SignCard(problem.sign, problem.advice) { 
        // At the edge of the words above, which a button's own space would leave.
        if (problem.canRetry) {
            Act(words(TextKey.RETRY), retry, Weight.TEXT, Modifier.offset((-16).dp), color = LocalContentColor.current)
        }
    }

/** What is told once, as a snackbar, until it is dismissed. */
@Composable
internal fun NoteBar(note: Note, dismiss: () -> Unit) {
    val tone = colors(note.tone)
    Surface(
        Modifier.fillMaxWidth().padding(8.dp),
        MaterialTheme.shapes.small,
        MaterialTheme.colorScheme.inverseSurface,
        MaterialTheme.colorScheme.inverseOnSurface,
        shadowElevation = 4.dp,
    ) {
        Row(Modifier.verticalScroll(rememberScrollState()).padding(start = 16.dp, end = 4.dp), verticalAlignment = Alignment.CenterVertically) {
            Surface(Modifier.size(8.dp), RoundedCornerShape(50), tone.ground) {}
            Say(
                note.text,
                Modifier.weight(1f).padding(horizontal = 12.dp, vertical = 14.dp).semantics { liveRegion = LiveRegionMode.Polite },
                MaterialTheme.typography.bodyMedium,
            )
            TextButton(dismiss) {
                Say(words(TextKey.DISMISS), color = MaterialTheme.colorScheme.inversePrimary)
            }
        }
    }
}
