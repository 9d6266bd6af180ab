package org.flashpaper.demo.ui

import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.material3.Icon
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.MaterialTheme
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.unit.dp
import org.flashpaper.demo.BurnerRow
import org.flashpaper.demo.BurnersActions
import org.flashpaper.demo.BurnersState
import org.flashpaper.demo.RemovalRow
import org.flashpaper.demo.Text
import org.flashpaper.demo.TextKey
import org.flashpaper.demo.ui.design.Act
import org.flashpaper.demo.ui.design.Body
import org.flashpaper.demo.ui.design.Chip
import org.flashpaper.demo.ui.design.Empty
import org.flashpaper.demo.ui.design.Frame
import org.flashpaper.demo.ui.design.Heading
import org.flashpaper.demo.ui.design.ListRow
import org.flashpaper.demo.ui.design.Note
import org.flashpaper.demo.ui.design.Page
import org.flashpaper.demo.ui.design.Portrait
import org.flashpaper.demo.ui.design.ProblemCard
import org.flashpaper.demo.ui.design.Say
import org.flashpaper.demo.ui.design.SignLine
import org.flashpaper.demo.ui.design.Toggle
import org.flashpaper.demo.ui.design.Tool
import org.flashpaper.demo.ui.design.Vectors
import org.flashpaper.demo.ui.design.Weight
import org.flashpaper.demo.ui.design.WideAct
import org.flashpaper.demo.ui.design.vector

/** All burners, and the one tap that makes another. */
@Composable
fun BurnersScreen(frame: Frame, state: BurnersState, actions: BurnersActions) {
    val tools = @Composable { Tool(Vectors.settings, words(TextKey.SETTINGS), { frame.actions.settings() }) }
    val bottom = @Composable {
        Foot {
            state.whyNot?.let { Note(it) }
            if (state.canConnect) WideAct(words(TextKey.BURNERS_CONNECT), actions::connect)
            if (state.canCreate) WideAct(words(TextKey.BURNERS_MAKE), actions::create, icon = Vectors.plus)
            WideAct(words(TextKey.BURNERS_RESTORE), actions::restore, Weight.TEXT)
        }
    }
    Page(frame, Text(TextKey.BURNERS_TITLE), null, tools, state.note, actions::dismiss, bottom) {
        Body {
            Chip(state.tor)
            state.fraction?.let { LinearProgressIndicator(it, Modifier.fillMaxWidth()) }
            state.problem?.let { ProblemCard(it, actions::retryTor) }
            state.empty?.let {
                Empty(it) { Emblem(Vectors.flame) }
            }
            state.rows.forEach { Row(it, actions) }
            if (state.removals.isNotEmpty()) Heading(Text(TextKey.BURNERS_REMOVALS))
            state.removals.forEach { Removal(it, actions) }
            Toggle(
                Text(TextKey.BURNERS_RECOVERABLE),
                Text(TextKey.BURNERS_RECOVERABLE_EXPLANATION),
                state.recoverable,
                actions::setRecoverable,
            )
        }
    }
}

@Composable
private fun Row(row: BurnerRow, actions: BurnersActions) {
    val open = if (row.canOpen) ({ actions.open(row.badge.burner) }) else null
    ListRow({ Portrait(row.badge, 48.dp) }, row.unread, open) {
        Say(row.badge.label, style = MaterialTheme.typography.titleMedium)
        if (row.address != row.badge.label) Note(row.address)
        Chip(row.sign)
        row.expiry?.let { SignLine(it, MaterialTheme.typography.bodySmall) }
    }
}

@Composable
private fun Removal(row: RemovalRow, actions: BurnersActions) {
    ListRow({ Icon(vector(row.sign.mark), null) }, 0, null) {
        Say(row.address, style = MaterialTheme.typography.titleSmall)
        SignLine(row.sign, MaterialTheme.typography.bodySmall)
        if (row.canRetry) Act(words(TextKey.BURNERS_REMOVE_NOW), { actions.removeNow(row.burner) }, Weight.SECOND)
    }
}
