// The app's icons: lines of one width on a field of 24 by 24, drawn for this app, so that all of them are of one kind.

package org.flashpaper.demo.ui.design

import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.SolidColor
import androidx.compose.ui.graphics.StrokeCap
import androidx.compose.ui.graphics.StrokeJoin
import androidx.compose.ui.graphics.vector.ImageVector
import androidx.compose.ui.graphics.vector.addPathNodes
import androidx.compose.ui.unit.dp
import org.flashpaper.demo.Mark

private fun icon(vararg lines: String, mirrored: Boolean = false): ImageVector {
    val builder = ImageVector.Builder(
        defaultWidth = 24.dp, defaultHeight = 24.dp, viewportWidth = 24f, viewportHeight = 24f, autoMirror = mirrored,
    )
    lines.forEach {
        builder.addPath(
            addPathNodes(it),
            stroke = SolidColor(Color.Black),
            strokeLineWidth = 1.9f,
            strokeLineCap = StrokeCap.Round,
            strokeLineJoin = StrokeJoin.Round,
        )
    }
    return builder.build()
}

private const val SHIELD = "M12 3 L19.5 5.8 V11.2 C19.5 16 16.4 19.5 12 21 C7.6 19.5 4.5 16 4.5 11.2 V5.8 Z"
private const val CASE = "M5.5 10.5 H18.5 V20 H5.5 Z"
private const val RING = "M12 3 A9 9 0 1 1 12 21 A9 9 0 1 1 12 3 Z"
private const val CLOUD = "M7 18.5 A4.5 4.5 0 0 1 6.6 9.6 A6 6 0 0 1 18 10.6 A4 4 0 0 1 17.5 18.5 Z"
private const val KEY = "M8 9 A4 4 0 1 1 8 17 A4 4 0 1 1 8 9 Z"
private const val TEETH = "M12 13 H21 V16.5 M17.5 13 V15.5"

/** The picture of a mark. */
internal fun vector(mark: Mark): ImageVector = when (mark) {
    Mark.OPEN -> Vectors.open
    Mark.WAITING -> Vectors.waiting
    Mark.LOCK -> Vectors.lock
    Mark.LOCK_HALF -> Vectors.lockHalf
    Mark.SHIELD -> Vectors.shield
    Mark.KEY_CHANGED -> Vectors.keyChanged
    Mark.ENDED -> Vectors.ended
    Mark.BLOCKED -> Vectors.blocked
    Mark.STRANGER -> Vectors.stranger
    Mark.HELD -> Vectors.held
    Mark.FIRE -> Vectors.flame
    Mark.TICK -> Vectors.tick
    Mark.AT_SERVER -> Vectors.atServer
    Mark.TICKS -> Vectors.ticks
    Mark.FAILED -> Vectors.failed
    Mark.OFFLINE -> Vectors.offline
    Mark.CONNECTING -> Vectors.connecting
    Mark.ONLINE -> Vectors.online
    Mark.TOR -> Vectors.onion
    Mark.INFO -> Vectors.info
    Mark.WARNING -> Vectors.warning
    Mark.CLOCK -> Vectors.wrongClock
    Mark.SERVER -> Vectors.server
    Mark.EXPIRY -> Vectors.hourglass
}

internal object Vectors {
    val open = icon(CASE, "M8 10.5 V7 A4 4 0 0 1 15.6 5.4", "M12 14.5 V16")
    val waiting = icon(RING, "M12 7 V12 L15.5 14")
    val lock = icon(CASE, "M8 10.5 V7.5 A4 4 0 0 1 16 7.5 V10.5", "M12 14.5 V16")
    val lockHalf = icon(
        "M3 11 H13 V20 H3 Z", "M5 11 V8.2 A3 3 0 0 1 11 8.2 V11", "M8 14.8 V16",
        "M18.5 8.5 A2.3 2.3 0 1 1 18.5 13.1 A2.3 2.3 0 1 1 18.5 8.5 Z", "M16 20 C16 15.5 21.5 15.5 22 19.5",
    )
    val shield = icon(SHIELD, "M8.5 12 L11.2 14.7 L15.8 9.5")
    val keyChanged = icon(KEY, TEETH, "M17 3 V7", "M17 9.3 V9.4")
    val ended = icon(CASE, "M8 10.5 V7.5 A4 4 0 0 1 16 7.5 V10.5", "M3 4 L21 21.5")
    val blocked = icon(RING, "M5.8 5.8 L18.2 18.2")
    val stranger = icon(
        "M9.5 4.5 A3.7 3.7 0 1 1 9.5 11.9 A3.7 3.7 0 1 1 9.5 4.5 Z", "M2.5 20 C2.5 16.5 5.5 14.8 9.5 14.8 C13.5 14.8 16.5 16.5 16.5 20",
        "M17 6 C17 3.4 21.2 3.6 21.2 6.2 C21.2 8 19.1 7.9 19.1 9.9", "M19.1 12.8 V12.9",
    )
    val held = icon(
        "M7 12.5 V6.5 A1.4 1.4 0 0 1 9.8 6.5 V11 V4.6 A1.4 1.4 0 0 1 12.6 4.6 V11 V5.4 A1.4 1.4 0 0 1 15.4 5.4 V12 V8 " +
            "A1.4 1.4 0 0 1 18.2 8 V15 C18.2 18.5 16 21 12.5 21 C9 21 7.6 19.5 6.4 17.2 L4.2 13.2 C4.8 11.8 6.2 11.8 7 12.8",
    )
    val flame = icon(
        "M12 3 C13 7 18 9 18 14.5 A6 6 0 0 1 6 14.5 C6 12 7.3 10.5 8.3 9.2 C8.6 11 9.4 11.8 10.2 12 C9.8 8.8 10.2 5.5 12 3 Z",
    )
    val tick = icon("M5 12.5 L10 17.5 L19.5 7")
    val atServer = icon(RING, "M7.8 12.3 L10.8 15.3 L16.4 9")
    val ticks = icon("M2.5 12.5 L7 17 L15.5 7.5", "M12 16.5 L12.5 17 L21.5 7.5")
    val failed = icon(RING, "M12 7.2 V12.8", "M12 16.3 V16.4")
    val offline = icon(CLOUD, "M3.5 4 L20.5 21.5")
    val connecting = icon("M19 10.5 A7.3 7.3 0 0 0 5.6 8.6", "M5 4.6 V8.8 H9.2", "M5 13.5 A7.3 7.3 0 0 0 18.4 15.4", "M19 19.4 V15.2 H14.8")
    val online = icon(RING, "M12 10 A2 2 0 1 1 12 14 A2 2 0 1 1 12 10 Z")
    val onion = icon("M12 3 C12.5 6.5 20 8 20 14 A8 7 0 0 1 4 14 C4 8 11.5 6.5 12 3 Z", "M12 8.5 C8.5 11 8.5 17 12 21", "M12 8.5 C15.5 11 15.5 17 12 21")
    val info = icon(RING, "M12 11 V16.5", "M12 7.7 V7.8")
    val warning = icon("M12 4 L21.5 20 H2.5 Z", "M12 10 V14.2", "M12 17 V17.1")
    val wrongClock = icon("M10.5 4 A8 8 0 1 0 18.5 13", "M10.5 8 V12.5 L7.5 15", "M18.5 2.5 V7", "M18.5 9.3 V9.4")
    val server = icon("M4 4.5 H20 V11 H4 Z", "M4 13 H20 V19.5 H4 Z", "M7.5 7.7 V7.8", "M7.5 16.2 V16.3")
    val hourglass = icon("M6.5 3.5 H17.5", "M6.5 20.5 H17.5", "M8 3.5 V7 L16 17 V20.5", "M16 3.5 V7 L8 17 V20.5")

    // Of buttons, beside a word or with a label that is read aloud.
    val back = icon("M20 12 H4.5", "M11 5 L4 12 L11 19", mirrored = true)
    val panic = icon("M8.3 3 H15.7 L21 8.3 V15.7 L15.7 21 H8.3 L3 15.7 V8.3 Z", "M12 7.5 V13", "M12 16.4 V16.5")
    val up = icon("M6 15 L12 9 L18 15")
    val down = icon("M6 9 L12 15 L18 9")
    val more = icon("M12 5 V5.1", "M12 12 V12.1", "M12 19 V19.1")
    val plus = icon("M12 5 V19", "M5 12 H19")
    val send = icon("M4 4.5 L20.5 12 L4 19.5 L6.5 12 Z", "M6.5 12 H13", mirrored = true)
    val slide = icon("M6 5.5 L12.5 12 L6 18.5", "M13 5.5 L19.5 12 L13 18.5", mirrored = true)
    val copy = icon("M9 8 H20 V21 H9 Z", "M15.5 8 V3.5 H4 V16.5 H9")
    val trash = icon("M4.5 6.5 H19.5", "M9 6.5 V3.5 H15 V6.5", "M6.5 6.5 L7.3 20.5 H16.7 L17.5 6.5", "M10.3 10.5 V16.5", "M13.7 10.5 V16.5")
    val code = icon("M4 4 H10 V10 H4 Z", "M14 4 H20 V10 H14 Z", "M4 14 H10 V20 H4 Z", "M14 14 V17 H17", "M20 14 V20 H14.2")
    val camera = icon("M3.5 7.5 H7.5 L9.5 4.5 H14.5 L16.5 7.5 H20.5 V19.5 H3.5 Z", "M12 9.5 A3.7 3.7 0 1 1 12 16.9 A3.7 3.7 0 1 1 12 9.5 Z")
    val settings = icon(
        "M4 7 H13", "M17.5 7 H20", "M15.2 4.8 A2.2 2.2 0 1 1 15.2 9.2 A2.2 2.2 0 1 1 15.2 4.8 Z",
        "M4 17 H6.5", "M11 17 H20", "M8.8 14.8 A2.2 2.2 0 1 1 8.8 19.2 A2.2 2.2 0 1 1 8.8 14.8 Z",
    )
    val key = icon(KEY, TEETH)
    val share = icon("M12 14.5 V3.5", "M7.5 7.5 L12 3 L16.5 7.5", "M5 12.5 V20.5 H19 V12.5")
    val words = icon("M5 6 H19", "M5 10.7 H15", "M5 15.3 H19", "M5 20 H12")
}
