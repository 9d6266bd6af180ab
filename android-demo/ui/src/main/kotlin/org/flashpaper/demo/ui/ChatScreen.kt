package org.flashpaper.demo.ui

import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.BoxWithConstraints
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.PaddingValues
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.layout.widthIn
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.items
import androidx.compose.foundation.lazy.rememberLazyListState
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.Icon
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import org.flashpaper.demo.ChatActions
import org.flashpaper.demo.ChatState
import org.flashpaper.demo.TextKey
import org.flashpaper.demo.ui.design.Act
import org.flashpaper.demo.ui.design.Ask
import org.flashpaper.demo.ui.design.Banner
import org.flashpaper.demo.ui.design.Choices
import org.flashpaper.demo.ui.design.Empty
import org.flashpaper.demo.ui.design.Frame
import org.flashpaper.demo.ui.design.Initial
import org.flashpaper.demo.ui.design.Item
import org.flashpaper.demo.ui.design.Page
import org.flashpaper.demo.ui.design.Say
import org.flashpaper.demo.ui.design.Vectors
import org.flashpaper.demo.ui.design.Weight
import org.flashpaper.demo.ui.design.colors
import org.flashpaper.demo.ui.design.isLargeText
import org.flashpaper.demo.ui.design.vector

/** One conversation of one burner: how private it is, what was said, and a line to write. */
@Composable
fun ChatScreen(frame: Frame, state: ChatState, actions: ChatActions) {
    var menu by remember { mutableStateOf(false) }
    val tools = @Composable {
        Choices(menu, { menu = it }, state.others.map { Item(words(it.text), null) { actions.act(it.act) } })
    }
    Page(frame, state.name, state.badge, tools, state.note, actions::dismiss, { Writing(state, actions) }) {
        BoxWithConstraints(Modifier.weight(1f)) {
            val height = maxHeight
            Column {
                Lock(state, actions, Modifier.heightIn(max = height * MOST))
                state.offline?.let { Banner(it) }
                Talk(state, actions)
            }
        }
    }
    state.confirmation?.let { Ask(frame, it, actions::confirm, actions::cancel) }
}

/** How private the chat is: always there. A touch hides the explanation, or shows it. */
@Composable
private fun Lock(state: ChatState, actions: ChatActions, modifier: Modifier) {
    val isLarge = isLargeText()
    var open by rememberSaveable(state.mode) { mutableStateOf(!isLarge || state.mustRead) }
    val tone = colors(state.lock.tone)
    Surface(modifier.fillMaxWidth(), color = tone.ground, contentColor = tone.onGround) {
        Column(
            Modifier.clickable(role = Role.Button) { open = !open }.verticalScroll(rememberScrollState()).padding(horizontal = 16.dp, vertical = 10.dp),
            Arrangement.spacedBy(6.dp),
        ) {
            Row(horizontalArrangement = Arrangement.spacedBy(10.dp), verticalAlignment = Alignment.CenterVertically) {
                Icon(vector(state.lock.mark), null, Modifier.size(22.dp))
                Say(
                    state.lock.text,
                    Modifier.weight(1f).semantics { liveRegion = LiveRegionMode.Polite },
                    MaterialTheme.typography.titleMedium,
                )
                Icon(if (open) Vectors.up else Vectors.down, null, Modifier.size(20.dp))
            }
            if (open) {
                state.presence?.let { Say(it, style = MaterialTheme.typography.labelMedium) }
                Say(state.explanation, style = MaterialTheme.typography.bodyMedium)
                state.main?.let { Act(words(it.text), { actions.act(it.act) }, Weight.MAIN, tone = it.tone) }
            }
        }
    }
}

/** What was said. It opens at the newest, and stays there while more comes. */
@Composable
private fun ColumnScope.Talk(state: ChatState, actions: ChatActions) {
    val list = rememberLazyListState()
    LaunchedEffect(state.bubbles.lastOrNull()?.id) {
        if (list.firstVisibleItemIndex <= 1) list.scrollToItem(0)
    }
    LazyColumn(
        Modifier.weight(1f).fillMaxWidth(),
        list,
        PaddingValues(12.dp),
        reverseLayout = true,
        verticalArrangement = Arrangement.spacedBy(8.dp, Alignment.Bottom),
        horizontalAlignment = Alignment.CenterHorizontally,
    ) {
        items(state.bubbles.asReversed(), { it.id.value }) { bubble ->
            Column(Modifier.widthIn(max = 720.dp)) {
                if (bubble.isFirstUnread) FirstUnread()
                BubbleRow(bubble, actions)
            }
        }
        if (state.hasEarlier) item { Act(words(TextKey.CHAT_EARLIER), actions::showEarlier, Weight.TEXT) }
        state.empty?.let { item { Empty(it) { Initial(state.name) } } }
    }
}

@Composable
private fun FirstUnread() {
    Box(Modifier.fillMaxWidth().padding(vertical = 8.dp), Alignment.Center) {
        Say(words(TextKey.CHAT_FIRST_UNREAD), style = MaterialTheme.typography.labelMedium, color = MaterialTheme.colorScheme.primary)
    }
}

/** Of the height, for the lock: the rest is for what was said. */
private const val MOST = 0.6f
