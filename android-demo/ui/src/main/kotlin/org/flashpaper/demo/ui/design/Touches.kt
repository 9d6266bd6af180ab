package org.flashpaper.demo.ui.design

import androidx.compose.ui.Modifier
import androidx.compose.ui.input.pointer.PointerEventPass
import androidx.compose.ui.input.pointer.pointerInput
import org.flashpaper.demo.AppActions

/** Tells of each touch and each turn of a wheel, whatever it meets: who reads a long chat scrolls, and the store must not lock. */
internal fun Modifier.touches(actions: AppActions): Modifier = pointerInput(actions) {
    awaitPointerEventScope {
        while (true) {
            awaitPointerEvent(PointerEventPass.Initial)
            actions.touch()
        }
    }
}
