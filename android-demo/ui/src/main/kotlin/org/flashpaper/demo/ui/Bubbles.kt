package org.flashpaper.demo.ui

import androidx.compose.foundation.BorderStroke
import androidx.compose.foundation.ExperimentalFoundationApi
import androidx.compose.foundation.combinedClickable
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ExperimentalLayoutApi
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.widthIn
import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.material3.LocalContentColor
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import org.flashpaper.demo.Bubble
import org.flashpaper.demo.BubbleKind
import org.flashpaper.demo.ChatActions
import org.flashpaper.demo.TextKey
import org.flashpaper.demo.Tone
import org.flashpaper.demo.ui.design.Act
import org.flashpaper.demo.ui.design.Item
import org.flashpaper.demo.ui.design.Menu
import org.flashpaper.demo.ui.design.Say
import org.flashpaper.demo.ui.design.SignLine
import org.flashpaper.demo.ui.design.Vectors
import org.flashpaper.demo.ui.design.Weight
import org.flashpaper.demo.ui.design.colors

/** One text. A long touch opens what can be done with it. */
@OptIn(ExperimentalFoundationApi::class)
@Composable
internal fun BubbleRow(bubble: Bubble, actions: ChatActions) {
    var menu by remember { mutableStateOf(false) }
    val device = LocalDevice.current
    val isMine = bubble.kind == BubbleKind.MINE
    val items = listOfNotNull(
        Item(words(TextKey.COPY), Vectors.copy) {
            device.copy(bubble.text.text)
            actions.copied()
        },
        if (bubble.canRetry) Item(words(TextKey.RETRY), Vectors.connecting) { actions.retry(bubble.id) } else null,
        Item(words(TextKey.DELETE), Vectors.trash) { actions.delete(bubble.id) },
    )
    val look = look(bubble.kind)
    val spoken = words(bubble.spoken)
    Box(
        Modifier.fillMaxWidth().padding(start = if (isMine) 32.dp else 0.dp, end = if (isMine) 0.dp else 32.dp),
        if (isMine) Alignment.CenterEnd else Alignment.CenterStart,
    ) {
        Surface(
            Modifier.widthIn(max = 480.dp).combinedClickable(
                onLongClickLabel = words(TextKey.MORE),
                onLongClick = { menu = true },
                onClick = {},
            ).semantics { contentDescription = spoken },
            if (isMine) MINE else THEIRS,
            look.ground,
            look.onGround,
            border = look.border,
        ) {
            Column(Modifier.padding(horizontal = 14.dp, vertical = 10.dp), Arrangement.spacedBy(4.dp)) {
                LinkedText(bubble, actions::touchLink) { menu = true }
                Standing(bubble)
                if (bubble.canRetry) Act(words(TextKey.RETRY), { actions.retry(bubble.id) }, Weight.SECOND, icon = Vectors.connecting)
            }
        }
        Menu(menu, { menu = false }, items)
    }
}

/** How far it is, and when it was written. */
@OptIn(ExperimentalLayoutApi::class)
@Composable
private fun Standing(bubble: Bubble) {
    val quiet = LocalContentColor.current.copy(alpha = 0.8f)
    val color = if (bubble.sign.tone == Tone.DANGER) colors(Tone.DANGER).strong else quiet
    FlowRow(horizontalArrangement = Arrangement.spacedBy(10.dp)) {
        SignLine(bubble.sign, MaterialTheme.typography.labelMedium, color)
        Say(bubble.at, style = MaterialTheme.typography.labelMedium, color = quiet)
    }
}

private class Look(val ground: Color, val onGround: Color, val border: BorderStroke?)

@Composable
private fun look(kind: BubbleKind): Look = when (kind) {
    BubbleKind.MINE -> Look(MaterialTheme.colorScheme.primaryContainer, MaterialTheme.colorScheme.onPrimaryContainer, null)
    BubbleKind.THEIRS -> Look(MaterialTheme.colorScheme.surfaceVariant, MaterialTheme.colorScheme.onSurface, null)
    BubbleKind.THEIRS_IN_THE_CLEAR -> framed(Tone.CAUTION)
    BubbleKind.THEIRS_BY_OTHER_KEY -> framed(Tone.DANGER)
}

@Composable
private fun framed(tone: Tone): Look = colors(tone).run { Look(ground, onGround, BorderStroke(2.dp, strong)) }

private val MINE = RoundedCornerShape(18.dp, 18.dp, 4.dp, 18.dp)
private val THEIRS = RoundedCornerShape(18.dp, 18.dp, 18.dp, 4.dp)
