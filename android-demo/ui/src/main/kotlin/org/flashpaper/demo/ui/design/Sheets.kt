// What lies over a screen.

package org.flashpaper.demo.ui.design

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.AlertDialog
import androidx.compose.material3.ExperimentalMaterial3Api
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.ModalBottomSheet
import androidx.compose.material3.rememberModalBottomSheetState
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.unit.dp
import org.flashpaper.demo.Arg
import org.flashpaper.demo.BurnerBadge
import org.flashpaper.demo.Confirmation
import org.flashpaper.demo.TextKey
import org.flashpaper.demo.ui.words

/** Asks once more. The safe answer is the one that a touch beside it gives, too. */
@Composable
internal fun Ask(frame: Frame, confirmation: Confirmation, confirm: () -> Unit, cancel: () -> Unit) =
    AlertDialog(
        cancel,
        { Act(words(confirmation.yes), confirm, Weight.TEXT, tone = confirmation.tone) },
        dismissButton = { Act(words(confirmation.no), cancel, Weight.TEXT) },
        modifier = Modifier.touches(frame.actions),
        title = { Above(frame, confirmation.title) },
        text = { Say(confirmation.text, style = MaterialTheme.typography.bodyMedium) },
    )

/** More of a screen, from its lower edge. With a [badge] it says which burner speaks, as its screen does. */
@OptIn(ExperimentalMaterial3Api::class)
@Composable
internal fun Sheet(frame: Frame, title: Arg, close: () -> Unit, badge: BurnerBadge? = null, content: @Composable ColumnScope.() -> Unit) =
    ModalBottomSheet(close, sheetState = rememberModalBottomSheetState(skipPartiallyExpanded = true)) {
        Column(
            Modifier.touches(frame.actions).fillMaxWidth().verticalScroll(rememberScrollState()).padding(start = 24.dp, end = 24.dp, bottom = 32.dp),
            Arrangement.spacedBy(16.dp),
        ) {
            Above(frame, title, badge)
            badge?.let { Stripe(it) }
            content()
        }
    }

/** The panic button of the screen lies below, where no finger reaches it. */
@Composable
private fun Above(frame: Frame, title: Arg, badge: BurnerBadge? = null) {
    Row(Modifier.fillMaxWidth(), verticalAlignment = Alignment.CenterVertically) {
        badge?.let { Portrait(it, 36.dp, Modifier.padding(end = 12.dp)) }
        Title(title, badge, TextKey.BURNER_SPEAKS, Modifier.weight(1f))
        PanicButton(frame)
    }
}
