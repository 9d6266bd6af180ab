package org.flashpaper.demo.ui.design

import androidx.compose.foundation.Canvas
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ExperimentalLayoutApi
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.aspectRatio
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.widthIn
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.runtime.Composable
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.runtime.remember
import androidx.compose.ui.Modifier
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.geometry.Size
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.platform.LocalLayoutDirection
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.font.FontFamily
import androidx.compose.ui.unit.LayoutDirection
import androidx.compose.ui.unit.dp
import com.google.zxing.qrcode.decoder.ErrorCorrectionLevel
import com.google.zxing.qrcode.encoder.Encoder
import org.flashpaper.demo.Arg
import org.flashpaper.demo.Verbatim

/** A QR code of a text, dark on light in every theme: scanners want it so. [label] is read aloud. */
@Composable
internal fun QrCode(text: String, label: String, modifier: Modifier = Modifier) {
    val code = remember(text) { Encoder.encode(text, ErrorCorrectionLevel.M).matrix }
    Canvas(modifier.widthIn(max = 280.dp).fillMaxWidth().aspectRatio(1f).semantics { contentDescription = label }) {
        drawRect(Color.White)
        val module = size.width / (code.width + 2 * QUIET)
        for (y in 0 until code.height) {
            for (x in 0 until code.width) {
                if (code.get(x, y).toInt() == 0) continue
                val place = Offset((x + QUIET) * module, (y + QUIET) * module)
                drawRect(Color.Black, place, Size(module + 0.5f, module + 0.5f))
            }
        }
    }
}

/** The digits of a key, in groups to be read aloud. */
@OptIn(ExperimentalLayoutApi::class)
@Composable
internal fun Digits(title: Arg, groups: List<Verbatim>) {
    Surface(Modifier.fillMaxWidth(), MaterialTheme.shapes.medium, MaterialTheme.colorScheme.surfaceVariant) {
        Column(Modifier.padding(16.dp), Arrangement.spacedBy(8.dp)) {
            Say(title, style = MaterialTheme.typography.labelLarge, color = MaterialTheme.colorScheme.onSurfaceVariant)
            // Digits are read from left to right in every language.
            CompositionLocalProvider(LocalLayoutDirection provides LayoutDirection.Ltr) {
                FlowRow(horizontalArrangement = Arrangement.spacedBy(16.dp)) {
                    groups.forEach {
                        Say(
                            it,
                            Modifier.padding(vertical = 2.dp),
                            MaterialTheme.typography.titleMedium.copy(fontFamily = FontFamily.Monospace),
                        )
                    }
                }
            }
        }
    }
}

/** White on each side, in modules, by which a scanner finds the code. */
private const val QUIET = 4
