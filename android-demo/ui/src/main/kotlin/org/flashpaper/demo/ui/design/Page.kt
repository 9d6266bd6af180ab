package org.flashpaper.demo.ui.design

import androidx.compose.foundation.background
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.Spacer
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.height
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.imePadding
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.safeDrawingPadding
import androidx.compose.foundation.layout.width
import androidx.compose.foundation.layout.widthIn
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.Icon
import androidx.compose.material3.IconButton
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.vector.ImageVector
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import org.flashpaper.demo.AppActions
import org.flashpaper.demo.AppState
import org.flashpaper.demo.Arg
import org.flashpaper.demo.BurnerBadge
import org.flashpaper.demo.Note
import org.flashpaper.demo.Text
import org.flashpaper.demo.TextKey
import org.flashpaper.demo.ui.words

/** What every screen has: where the user is, and what can be asked for from everywhere. */
class Frame(val state: AppState, val actions: AppActions)

/**
 * A screen: an app bar, lasting warnings, the [content], a [bottom] that stays in place, and a [note].
 * A screen with a [badge] says which burner speaks, by name, picture and colour; [speaks] are the words around its name.
 */
@Composable
internal fun Page(
    frame: Frame,
    title: Arg,
    badge: BurnerBadge? = null,
    tools: @Composable () -> Unit = {},
    note: Note? = null,
    dismiss: () -> Unit = {},
    bottom: @Composable () -> Unit = {},
    speaks: TextKey = TextKey.BURNER_SPEAKS,
    content: @Composable ColumnScope.() -> Unit,
) {
    Surface(Modifier.fillMaxSize(), color = MaterialTheme.colorScheme.background) {
        Column(Modifier.fillMaxSize().safeDrawingPadding().imePadding()) {
            Bar(frame, title, badge, speaks, tools)
            frame.state.warnings.forEach { Banner(it) }
            Box(Modifier.weight(1f).fillMaxWidth(), Alignment.BottomCenter) {
                Column(Modifier.fillMaxSize()) {
                    Column(Modifier.weight(1f).fillMaxWidth(), content = content)
                    if (note != null && !isLargeText()) NoteBar(note, dismiss)
                }
                // Of large letters there is no place for both.
                if (note != null && isLargeText()) NoteBar(note, dismiss)
            }
            bottom()
        }
    }
}

/** What a screen shows, one below the other, not wider than can be read. */
@Composable
internal fun ColumnScope.Body(content: @Composable ColumnScope.() -> Unit) {
    Column(
        Modifier.weight(1f).fillMaxWidth().verticalScroll(rememberScrollState()),
        horizontalAlignment = Alignment.CenterHorizontally,
    ) {
        Column(
            Modifier.widthIn(max = READABLE).fillMaxWidth().padding(16.dp),
            verticalArrangement = Arrangement.spacedBy(16.dp),
            content = content,
        )
    }
}

@Composable
private fun Bar(frame: Frame, title: Arg, badge: BurnerBadge?, speaks: TextKey, tools: @Composable () -> Unit) {
    Surface(color = MaterialTheme.colorScheme.surface, shadowElevation = 2.dp, tonalElevation = 2.dp) {
        Column {
            Row(Modifier.fillMaxWidth().heightIn(min = 64.dp).padding(horizontal = 4.dp), verticalAlignment = Alignment.CenterVertically) {
                if (frame.state.canGoBack) {
                    Tool(Vectors.back, words(TextKey.BACK), frame.actions::back)
                } else {
                    Spacer(Modifier.width(12.dp))
                }
                badge?.let { Portrait(it, 36.dp, Modifier.padding(end = 12.dp)) }
                if (isLargeText()) Spacer(Modifier.weight(1f)) else Title(title, badge, speaks, Modifier.weight(1f))
                tools()
                PanicButton(frame)
            }
            // Large letters have no place between the buttons of a narrow screen.
            if (isLargeText()) Title(title, badge, speaks, Modifier.fillMaxWidth().padding(start = 16.dp, end = 16.dp, bottom = 8.dp))
            badge?.let { Stripe(it) }
        }
    }
}

/** The colour of the burner that speaks. */
@Composable
internal fun Stripe(badge: BurnerBadge) = Box(Modifier.fillMaxWidth().height(3.dp).background(color(badge.color)))

/** Where the user is, and as whom. */
@Composable
internal fun Title(title: Arg, badge: BurnerBadge?, speaks: TextKey, modifier: Modifier) {
    val style = if (badge == null) MaterialTheme.typography.titleLarge else MaterialTheme.typography.titleMedium
    Column(modifier.padding(vertical = 8.dp)) {
        Say(title, Modifier.semantics { heading() }, style)
        badge?.let { Say(Text(speaks, it.label), style = MaterialTheme.typography.bodySmall, color = color(it.color)) }
    }
}

/** A button of a picture alone, as app bars have them; [label] is read aloud. */
@Composable
internal fun Tool(icon: ImageVector, label: String, act: () -> Unit, tint: Color = Color.Unspecified) {
    IconButton(act) {
        Icon(icon, label, tint = if (tint == Color.Unspecified) MaterialTheme.colorScheme.onSurface else tint)
    }
}

private val READABLE = 640.dp
