// The app's colours, letters and shapes. They are fixed: colours made from the owner's wallpaper could turn "verified" into a
// colour that says something else.

package org.flashpaper.demo.ui.design

import androidx.compose.foundation.isSystemInDarkTheme
import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.material3.ColorScheme
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Shapes
import androidx.compose.material3.Typography
import androidx.compose.material3.darkColorScheme
import androidx.compose.material3.lightColorScheme
import androidx.compose.runtime.Composable
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.runtime.staticCompositionLocalOf
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.text.TextStyle
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.unit.dp
import androidx.compose.ui.unit.sp
import org.flashpaper.demo.BurnerColor
import org.flashpaper.demo.Tone

private val light = lightColorScheme(
    primary = Color(0xFF3F4F8F),
    onPrimary = Color.White,
    primaryContainer = Color(0xFFDDE1FF),
    onPrimaryContainer = Color(0xFF111C4B),
    secondary = Color(0xFF595E72),
    onSecondary = Color.White,
    secondaryContainer = Color(0xFFE3E5F4),
    onSecondaryContainer = Color(0xFF1A1E30),
    background = Color(0xFFFBFAFE),
    onBackground = Color(0xFF1B1B20),
    surface = Color(0xFFFBFAFE),
    onSurface = Color(0xFF1B1B20),
    surfaceVariant = Color(0xFFE9E9F1),
    onSurfaceVariant = Color(0xFF474951),
    outline = Color(0xFF767781),
    outlineVariant = Color(0xFFCBCBD6),
    error = Color(0xFFB3261E),
    onError = Color.White,
    errorContainer = Color(0xFFFFDAD5),
    onErrorContainer = Color(0xFF540B07),
    surfaceTint = Color(0xFF3F4F8F),
)

private val dark = darkColorScheme(
    primary = Color(0xFFB9C3FF),
    onPrimary = Color(0xFF23315F),
    primaryContainer = Color(0xFF38467A),
    onPrimaryContainer = Color(0xFFDDE1FF),
    secondary = Color(0xFFC2C5DD),
    onSecondary = Color(0xFF2B3042),
    secondaryContainer = Color(0xFF3A3F53),
    onSecondaryContainer = Color(0xFFE3E5F4),
    background = Color(0xFF121318),
    onBackground = Color(0xFFE4E2E9),
    surface = Color(0xFF121318),
    onSurface = Color(0xFFE4E2E9),
    surfaceVariant = Color(0xFF2B2D35),
    onSurfaceVariant = Color(0xFFC6C6D1),
    outline = Color(0xFF90909B),
    outlineVariant = Color(0xFF45464F),
    error = Color(0xFFFFB4AA),
    onError = Color(0xFF690F09),
    errorContainer = Color(0xFF7A221B),
    onErrorContainer = Color(0xFFFFDAD5),
    surfaceTint = Color(0xFFB9C3FF),
)

/** What a tone is drawn with: strong on the screen's own ground, or as a ground with letters on it. */
internal class ToneColors(val strong: Color, val ground: Color, val onGround: Color)

private fun ColorScheme.tone(tone: Tone, isDark: Boolean): ToneColors = when (tone) {
    Tone.QUIET -> ToneColors(onSurfaceVariant, surfaceVariant, onSurfaceVariant)
    Tone.CALM -> ToneColors(primary, primaryContainer, onPrimaryContainer)
    Tone.GOOD ->
        if (isDark) ToneColors(Color(0xFF8FD89A), Color(0xFF1D4527), Color(0xFFC4F0CA))
        else ToneColors(Color(0xFF1E6B31), Color(0xFFD3EFD6), Color(0xFF0B3917))
    Tone.CAUTION ->
        if (isDark) ToneColors(Color(0xFFF2C063), Color(0xFF503A0B), Color(0xFFFFE2AE))
        else ToneColors(Color(0xFF7D5300), Color(0xFFFFE8BF), Color(0xFF412B00))
    Tone.DANGER -> ToneColors(error, errorContainer, onErrorContainer)
}

/** The colours of a tone in the present theme. */
@Composable
internal fun colors(tone: Tone): ToneColors = MaterialTheme.colorScheme.tone(tone, LocalDark.current)

/** The ground of a burner's picture. */
@Composable
internal fun color(color: BurnerColor): Color = if (LocalDark.current) {
    when (color) {
        BurnerColor.TEAL -> Color(0xFF4FB3AC)
        BurnerColor.INDIGO -> Color(0xFF8C9BEA)
        BurnerColor.VIOLET -> Color(0xFFB796F0)
        BurnerColor.PINK -> Color(0xFFEB8FB8)
        BurnerColor.BROWN -> Color(0xFFC59B83)
        BurnerColor.OLIVE -> Color(0xFFAFB368)
        BurnerColor.SLATE -> Color(0xFF96A8B8)
        BurnerColor.PLUM -> Color(0xFFD394CF)
    }
} else {
    when (color) {
        BurnerColor.TEAL -> Color(0xFF00746E)
        BurnerColor.INDIGO -> Color(0xFF3B4BB0)
        BurnerColor.VIOLET -> Color(0xFF6B3FB5)
        BurnerColor.PINK -> Color(0xFFB02C6C)
        BurnerColor.BROWN -> Color(0xFF7A4B32)
        BurnerColor.OLIVE -> Color(0xFF666A1B)
        BurnerColor.SLATE -> Color(0xFF4A5B6A)
        BurnerColor.PLUM -> Color(0xFF84357F)
    }
}

@Composable
internal fun isDarkTheme(): Boolean = LocalDark.current

private val LocalDark = staticCompositionLocalOf { false }

private val shapes = Shapes(small = RoundedCornerShape(8.dp), medium = RoundedCornerShape(14.dp), large = RoundedCornerShape(20.dp))

// No line is larger than 24 sp: at twice the size a long word has to fit into a narrow phone.
private val typography = Typography().run {
    fun TextStyle.title(size: Int, height: Int) =
        copy(fontSize = size.sp, lineHeight = height.sp, fontWeight = FontWeight.Medium, letterSpacing = 0.sp)
    copy(
        headlineSmall = headlineSmall.title(24, 30),
        titleLarge = titleLarge.title(20, 26),
        titleMedium = titleMedium.title(16, 22),
    )
}

/** The theme around every screen. */
@Composable
fun FlashpaperTheme(isDark: Boolean = isSystemInDarkTheme(), content: @Composable () -> Unit) {
    CompositionLocalProvider(LocalDark provides isDark) {
        MaterialTheme(if (isDark) dark else light, shapes, typography, content)
    }
}
