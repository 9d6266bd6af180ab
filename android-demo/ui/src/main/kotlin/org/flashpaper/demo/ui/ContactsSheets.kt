package org.flashpaper.demo.ui

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import org.flashpaper.demo.BurnerBadge
import org.flashpaper.demo.ContactsActions
import org.flashpaper.demo.ContactsState
import org.flashpaper.demo.OwnCode
import org.flashpaper.demo.Text
import org.flashpaper.demo.TextKey
import org.flashpaper.demo.ui.design.Digits
import org.flashpaper.demo.ui.design.Entry
import org.flashpaper.demo.ui.design.Frame
import org.flashpaper.demo.ui.design.Kind
import org.flashpaper.demo.ui.design.Note
import org.flashpaper.demo.ui.design.QrCode
import org.flashpaper.demo.ui.design.Sheet
import org.flashpaper.demo.ui.design.Vectors
import org.flashpaper.demo.ui.design.Weight
import org.flashpaper.demo.ui.design.WideAct

/** A contact comes by a scanned code, a link or an address. */
@Composable
internal fun AddSheet(frame: Frame, state: ContactsState, actions: ContactsActions, close: () -> Unit) =
    Sheet(frame, Text(TextKey.CONTACTS_ADD), close, state.badge) { Adding(state, actions) }

@Composable
internal fun ColumnScope.Adding(state: ContactsState, actions: ContactsActions) {
    val device = LocalDevice.current
    WideAct(words(TextKey.CONTACTS_SCAN), { device.scan(actions::add) }, Weight.SECOND, Vectors.camera)
    Entry(state.add, Text(TextKey.CONTACTS_ADD_FIELD), Kind.ADDRESS, actions::writeAddress)
    WideAct(words(TextKey.CONTACTS_ADD_BUTTON), { actions.add() }, enabled = state.canAdd)
}

/** What a contact needs to write to this burner. */
@Composable
internal fun OwnSheet(frame: Frame, badge: BurnerBadge, own: OwnCode, close: () -> Unit) =
    Sheet(frame, Text(TextKey.CONTACTS_OWN), close, badge) { Own(own) }

@Composable
internal fun ColumnScope.Own(own: OwnCode) {
    val device = LocalDevice.current
    Note(Text(TextKey.CONTACTS_OWN_EXPLANATION))
    Box(Modifier.fillMaxWidth(), Alignment.Center) { QrCode(own.link.text, words(TextKey.CONTACTS_OWN_PICTURE)) }
    WideAct(words(TextKey.COPY), { device.copy(own.link.text) }, Weight.SECOND, Vectors.copy)
    WideAct(words(TextKey.SHARE), { device.share(own.link.text) }, Weight.SECOND, Vectors.share)
    Digits(Text(TextKey.VERIFY_OWN), own.fingerprint)
}
