package org.flashpaper.demo.ui.design

import androidx.compose.foundation.Canvas
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clip
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.geometry.Size
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.drawscope.DrawScope
import androidx.compose.ui.unit.Dp
import org.flashpaper.demo.BurnerBadge

/**
 * A burner's picture: a pattern of five by five fields, the same on both sides, from the bits of its seed. Its words are beside it, so
 * that it is not read aloud.
 */
@Composable
internal fun Portrait(badge: BurnerBadge, size: Dp, modifier: Modifier = Modifier) {
    val ground = color(badge.color)
    val ink = if (isDarkTheme()) Color(0xFF1B1B20) else Color.White
    Canvas(modifier.size(size).clip(RoundedCornerShape(28))) {
        drawRect(ground)
        val field = this.size.width / (FIELDS + 2)
        for (row in 0 until FIELDS) {
            for (column in 0..FIELDS / 2) {
                if (badge.seed ushr (row * (FIELDS / 2 + 1) + column) and 1L == 0L) continue
                field(column, row, field, ink)
                field(FIELDS - 1 - column, row, field, ink)
            }
        }
    }
}

private fun DrawScope.field(column: Int, row: Int, side: Float, ink: Color) =
    // A little larger than a field, so that no gap is seen between two.
    drawRect(ink, Offset((column + 1) * side, (row + 1) * side), Size(side + 0.5f, side + 0.5f))

private const val FIELDS = 5
