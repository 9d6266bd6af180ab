package org.flashpaper.demo.ui.design

import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.PaddingValues
import androidx.compose.foundation.layout.Spacer
import androidx.compose.foundation.layout.defaultMinSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.layout.width
import androidx.compose.material3.Button
import androidx.compose.material3.ButtonDefaults
import androidx.compose.material3.FilledTonalButton
import androidx.compose.material3.Icon
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedButton
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clip
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.takeOrElse
import androidx.compose.ui.graphics.vector.ImageVector
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import org.flashpaper.demo.TextKey
import org.flashpaper.demo.Tone
import org.flashpaper.demo.ui.words

/** How much a button asks to be touched. */
internal enum class Weight { MAIN, SECOND, TEXT }

/** A button of the app. A red one is dangerous. */
@Composable
internal fun Act(
    label: String,
    act: () -> Unit,
    weight: Weight = Weight.MAIN,
    modifier: Modifier = Modifier,
    icon: ImageVector? = null,
    enabled: Boolean = true,
    tone: Tone = Tone.CALM,
    color: Color = Color.Unspecified,
) {
    val strong = if (tone == Tone.DANGER) MaterialTheme.colorScheme.error else MaterialTheme.colorScheme.primary
    val onStrong = if (tone == Tone.DANGER) MaterialTheme.colorScheme.onError else MaterialTheme.colorScheme.onPrimary
    val content: @Composable () -> Unit = {
        icon?.let {
            Icon(it, null, Modifier.size(18.dp))
            Spacer(Modifier.width(8.dp))
        }
        Say(label, style = MaterialTheme.typography.labelLarge, align = TextAlign.Center)
    }
    val size = modifier.heightIn(min = 48.dp)
    val padding = PaddingValues(horizontal = 16.dp, vertical = 8.dp)
    when (weight) {
        Weight.MAIN ->
            Button(act, size, enabled, colors = ButtonDefaults.buttonColors(strong, onStrong), contentPadding = padding) { content() }
        Weight.SECOND ->
            if (tone == Tone.DANGER) {
                OutlinedButton(act, size, enabled, colors = ButtonDefaults.outlinedButtonColors(contentColor = strong), contentPadding = padding) {
                    content()
                }
            } else {
                FilledTonalButton(act, size, enabled, contentPadding = padding) { content() }
            }
        Weight.TEXT ->
            TextButton(act, size, enabled, colors = ButtonDefaults.textButtonColors(contentColor = color.takeOrElse { strong }), contentPadding = padding) { content() }
    }
}

/** The first of the two touches of a panic: a sign that no other button has, with its word. On every screen, and on what lies over it. */
@Composable
internal fun PanicButton(frame: Frame) {
    if (!frame.state.canPanic) return
    Column(
        Modifier.clip(MaterialTheme.shapes.small).clickable(role = Role.Button, onClick = frame.actions::panic)
            .defaultMinSize(minWidth = 48.dp, minHeight = 48.dp).padding(horizontal = 4.dp),
        Arrangement.Center,
        Alignment.CenterHorizontally,
    ) {
        Icon(Vectors.panic, null, tint = MaterialTheme.colorScheme.error)
        Say(words(TextKey.PANIC), style = MaterialTheme.typography.labelSmall, color = MaterialTheme.colorScheme.error)
    }
}

/** A button as wide as the screen. */
@Composable
internal fun WideAct(
    label: String,
    act: () -> Unit,
    weight: Weight = Weight.MAIN,
    icon: ImageVector? = null,
    enabled: Boolean = true,
    tone: Tone = Tone.CALM,
) = Act(label, act, weight, Modifier.fillMaxWidth(), icon, enabled, tone)
