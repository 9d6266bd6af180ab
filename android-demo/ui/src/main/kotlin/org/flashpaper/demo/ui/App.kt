package org.flashpaper.demo.ui

import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.runtime.Composable
import androidx.compose.runtime.collectAsState
import androidx.compose.runtime.getValue
import androidx.compose.runtime.key
import androidx.compose.ui.Modifier
import kotlinx.coroutines.flow.StateFlow
import org.flashpaper.demo.AppModel
import org.flashpaper.demo.BurnModel
import org.flashpaper.demo.BurnReportModel
import org.flashpaper.demo.BurnersModel
import org.flashpaper.demo.ChatModel
import org.flashpaper.demo.ContactsModel
import org.flashpaper.demo.CreatingModel
import org.flashpaper.demo.PanicModel
import org.flashpaper.demo.RestoreModel
import org.flashpaper.demo.ScreenModel
import org.flashpaper.demo.SettingsModel
import org.flashpaper.demo.StartModel
import org.flashpaper.demo.UnlockModel
import org.flashpaper.demo.VerifyModel
import org.flashpaper.demo.WordsModel
import org.flashpaper.demo.ui.design.Frame
import org.flashpaper.demo.ui.design.touches

/** The app: the screen that is shown, from its model's state. While it is covered nothing of it is drawn. */
@Composable
fun App(app: AppModel) {
    val state by app.state.collectAsState()
    val shown by app.shown.collectAsState()
    if (state.covered) {
        Surface(Modifier.fillMaxSize(), color = MaterialTheme.colorScheme.background) {}
    } else {
        Box(Modifier.touches(app)) {
            // What a view remembers (an open menu, a cursor) is of one screen alone.
            key(shown) { Shown(Frame(state, app), shown) }
        }
    }
}

@Composable
private fun Shown(frame: Frame, model: ScreenModel<*>) = when (model) {
    is StartModel -> StartScreen(frame, now(model.state), model)
    is CreatingModel -> CreatingScreen(frame, now(model.state), model)
    is BurnersModel -> BurnersScreen(frame, now(model.state), model)
    is RestoreModel -> RestoreScreen(frame, now(model.state), model)
    is ContactsModel -> ContactsScreen(frame, now(model.state), model)
    is ChatModel -> ChatScreen(frame, now(model.state), model)
    is VerifyModel -> VerifyScreen(frame, now(model.state), model)
    is WordsModel -> WordsScreen(frame, now(model.state), model)
    is SettingsModel -> SettingsScreen(frame, now(model.state), model)
    is BurnModel -> BurnScreen(frame, now(model.state), model)
    is BurnReportModel -> BurnReportScreen(frame, now(model.state), model)
    is PanicModel -> PanicScreen(frame, now(model.state), model)
    is UnlockModel -> UnlockScreen(frame, now(model.state), model)
}

@Composable
private fun <S> now(state: StateFlow<S>): S = state.collectAsState().value
