// Buttons that no finger touches by accident.

package org.flashpaper.demo.ui.design

import androidx.compose.foundation.background
import androidx.compose.foundation.gestures.Orientation
import androidx.compose.foundation.gestures.detectTapGestures
import androidx.compose.foundation.gestures.draggable
import androidx.compose.foundation.gestures.rememberDraggableState
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxHeight
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.offset
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.material3.Icon
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.rememberUpdatedState
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clip
import androidx.compose.ui.graphics.graphicsLayer
import androidx.compose.ui.input.pointer.pointerInput
import androidx.compose.ui.layout.onSizeChanged
import androidx.compose.ui.platform.LocalDensity
import androidx.compose.ui.platform.LocalLayoutDirection
import androidx.compose.ui.semantics.ProgressBarRangeInfo
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.disabled
import androidx.compose.ui.semantics.onClick
import androidx.compose.ui.semantics.progressBarRangeInfo
import androidx.compose.ui.semantics.role
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.IntOffset
import androidx.compose.ui.unit.LayoutDirection
import androidx.compose.ui.unit.dp
import kotlin.math.roundToInt

/**
 * A button that has to be held: [held] is how far, 0 to 1. A screen reader cannot hold: its touch is [withoutHolding], named
 * [otherwise].
 */
@Composable
internal fun HoldButton(
    label: String,
    held: Float,
    enabled: Boolean,
    started: () -> Unit,
    ended: () -> Unit,
    otherwise: String,
    withoutHolding: () -> Unit,
) {
    val begin by rememberUpdatedState(started)
    val end by rememberUpdatedState(ended)
    val ground = if (enabled) MaterialTheme.colorScheme.errorContainer else MaterialTheme.colorScheme.surfaceVariant
    val onGround = if (enabled) MaterialTheme.colorScheme.onErrorContainer else MaterialTheme.colorScheme.onSurfaceVariant
    Box(
        Modifier.fillMaxWidth().heightIn(min = 72.dp).clip(RoundedCornerShape(36.dp)).background(ground)
            .pointerInput(enabled) {
                if (enabled) {
                    detectTapGestures(onPress = {
                        begin()
                        // Also where the finger is taken away from it: another screen comes, or the app goes.
                        try {
                            tryAwaitRelease()
                        } finally {
                            end()
                        }
                    })
                }
            }
            .semantics(mergeDescendants = true) {
                role = Role.Button
                progressBarRangeInfo = ProgressBarRangeInfo(held, 0f..1f)
                if (enabled) {
                    onClick(otherwise) {
                        withoutHolding()
                        true
                    }
                } else {
                    disabled()
                }
            },
        Alignment.Center,
    ) {
        Box(Modifier.matchParentSize(), Alignment.CenterStart) {
            Box(Modifier.fillMaxWidth(held).fillMaxHeight().background(MaterialTheme.colorScheme.error.copy(alpha = 0.45f)))
        }
        Row(Modifier.padding(horizontal = 24.dp, vertical = 12.dp), Arrangement.spacedBy(12.dp), Alignment.CenterVertically) {
            Icon(Vectors.flame, null, Modifier.size(24.dp), onGround)
            Say(label, style = MaterialTheme.typography.titleMedium, color = onGround, align = TextAlign.Center)
        }
    }
}

/**
 * A slider that acts at the end of its way: [slid] is how far, 0 to 1. A screen reader cannot slide: its touch is [withoutSliding],
 * named [otherwise].
 */
@Composable
internal fun Slide(
    label: String,
    slid: Float,
    enabled: Boolean,
    slide: (Float) -> Unit,
    letGo: () -> Unit,
    otherwise: String,
    withoutSliding: () -> Unit,
) {
    var width by remember { mutableStateOf(0) }
    val thumb = with(LocalDensity.current) { THUMB.toPx() }
    val way = (width - thumb).coerceAtLeast(1f)
    // Where the finger is: several moves may come before the model has told of the first.
    var at by remember { mutableStateOf(0f) }
    val sign = if (LocalLayoutDirection.current == LayoutDirection.Rtl) -1 else 1
    val drag = rememberDraggableState {
        at = (at + sign * it / way).coerceIn(0f, 1f)
        slide(at)
    }
    Box(
        Modifier.fillMaxWidth().heightIn(min = THUMB).clip(RoundedCornerShape(THUMB / 2))
            .background(MaterialTheme.colorScheme.errorContainer)
            .onSizeChanged { width = it.width }
            .draggable(drag, Orientation.Horizontal, enabled, onDragStarted = { at = slid }, onDragStopped = { letGo() })
            .semantics(mergeDescendants = true) {
                contentDescription = label
                progressBarRangeInfo = ProgressBarRangeInfo(slid, 0f..1f)
                if (enabled) {
                    onClick(otherwise) {
                        withoutSliding()
                        true
                    }
                }
            },
        Alignment.CenterStart,
    ) {
        Say(
            label,
            Modifier.fillMaxWidth().padding(start = THUMB + 12.dp, end = 16.dp).padding(vertical = 8.dp).graphicsLayer { alpha = 1f - slid },
            MaterialTheme.typography.titleMedium,
            MaterialTheme.colorScheme.onErrorContainer,
            TextAlign.Center,
        )
        Surface(
            // The offset follows the direction of the language.
            Modifier.offset { IntOffset((slid * way).roundToInt(), 0) }.size(THUMB).padding(6.dp),
            RoundedCornerShape(50),
            MaterialTheme.colorScheme.error,
            MaterialTheme.colorScheme.onError,
        ) {
            Box(contentAlignment = Alignment.Center) { Icon(Vectors.slide, null) }
        }
    }
}

private val THUMB = 72.dp
