package org.flashpaper.demo.ui

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.layout.widthIn
import androidx.compose.foundation.shape.CircleShape
import androidx.compose.material3.CircularProgressIndicator
import androidx.compose.material3.Icon
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.vector.ImageVector
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import org.flashpaper.demo.StartActions
import org.flashpaper.demo.StartState
import org.flashpaper.demo.Text
import org.flashpaper.demo.TextKey
import org.flashpaper.demo.ui.design.Body
import org.flashpaper.demo.ui.design.Choice
import org.flashpaper.demo.ui.design.Entry
import org.flashpaper.demo.ui.design.Frame
import org.flashpaper.demo.ui.design.Heading
import org.flashpaper.demo.ui.design.Kind
import org.flashpaper.demo.ui.design.Note
import org.flashpaper.demo.ui.design.Page
import org.flashpaper.demo.ui.design.ProblemCard
import org.flashpaper.demo.ui.design.Say
import org.flashpaper.demo.ui.design.Tool
import org.flashpaper.demo.ui.design.Vectors
import org.flashpaper.demo.ui.design.Weight
import org.flashpaper.demo.ui.design.WideAct

/** How to connect, and one button. */
@Composable
fun StartScreen(frame: Frame, state: StartState, actions: StartActions) {
    val tools = @Composable { Tool(Vectors.settings, words(TextKey.SETTINGS), { frame.actions.settings() }) }
    val bottom = @Composable {
        Foot {
            if (state.isBusy) LinearProgressIndicator(Modifier.fillMaxWidth())
            WideAct(words(state.button), actions::start, icon = Vectors.flame, enabled = state.canStart)
            if (state.canLook) WideAct(words(TextKey.START_LOOK), actions::showBurners, Weight.TEXT)
            if (state.canRestore) WideAct(words(TextKey.START_RESTORE), actions::restore, Weight.TEXT)
        }
    }
    Page(frame, Text(TextKey.APP_NAME), tools = tools, bottom = bottom) {
        Body {
            Column(Modifier.fillMaxWidth().padding(vertical = 8.dp), Arrangement.spacedBy(12.dp), Alignment.CenterHorizontally) {
                Emblem(Vectors.flame)
                Say(Text(TextKey.START_TITLE), style = MaterialTheme.typography.headlineSmall, align = TextAlign.Center)
                Say(
                    Text(TextKey.START_INTRO),
                    style = MaterialTheme.typography.bodyLarge,
                    color = MaterialTheme.colorScheme.onSurfaceVariant,
                    align = TextAlign.Center,
                )
            }
            state.problem?.let { ProblemCard(it, actions::start) }
            Heading(Text(TextKey.START_ENTRANCE))
            Choice(state.entrances, actions::choose, enabled = !state.isBusy)
            Note(state.explanation)
            state.bridges?.let { Entry(it, Text(TextKey.START_BRIDGES_FIELD), Kind.LINES, actions::writeBridges) }
            Note(Text(TextKey.START_NOTHING_YET))
        }
    }
}

/** What stays at the lower edge of a screen. */
@Composable
internal fun Foot(content: @Composable () -> Unit) {
    Surface(color = MaterialTheme.colorScheme.surface, shadowElevation = 8.dp, tonalElevation = 2.dp) {
        Box(Modifier.fillMaxWidth(), Alignment.Center) {
            Column(Modifier.widthIn(max = 640.dp).padding(horizontal = 16.dp, vertical = 12.dp), Arrangement.spacedBy(8.dp)) { content() }
        }
    }
}

/** A large picture of what a screen is about. */
@Composable
internal fun Emblem(icon: ImageVector) {
    Surface(Modifier.size(72.dp), CircleShape, MaterialTheme.colorScheme.primaryContainer, MaterialTheme.colorScheme.onPrimaryContainer) {
        Box(contentAlignment = Alignment.Center) { Icon(icon, null, Modifier.size(36.dp)) }
    }
}

/** Something goes on, with its words. */
@Composable
internal fun Busy(text: String) {
    Row(
        horizontalArrangement = Arrangement.spacedBy(16.dp),
        verticalAlignment = Alignment.CenterVertically,
    ) {
        CircularProgressIndicator(Modifier.size(28.dp), strokeWidth = 3.dp)
        Say(text, style = MaterialTheme.typography.bodyLarge)
    }
}
