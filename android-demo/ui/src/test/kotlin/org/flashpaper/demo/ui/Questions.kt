package org.flashpaper.demo.ui

import org.flashpaper.Field
import org.flashpaper.FieldKind
import org.flashpaper.Picture
import org.flashpaper.PictureFormat
import org.flashpaper.QuestionForm
import org.jetbrains.skia.Font
import org.jetbrains.skia.Paint
import org.jetbrains.skia.Surface

/** What servers ask. */
internal val CAPTCHA = QuestionForm(
    "Welcome to example.org", "Please type the letters in the picture.",
    listOf(Field("Letters", FieldKind.Text, required = true, isChallenge = true, picture = Picture(letters("fl4me"), PictureFormat.PNG, 240, 80))),
)

internal val FORM = QuestionForm(
    "Join example.org", "",
    listOf(
        Field("How did you hear of us?", FieldKind.Lines, required = false),
        Field("I have read the rules", FieldKind.YesNo, required = true),
        Field("Region", FieldKind.One(listOf("Europe", "Asia", "Elsewhere")), required = true),
    ),
)

/** A picture such as servers draw. */
private fun letters(text: String): ByteArray {
    val surface = Surface.makeRasterN32Premul(240, 80)
    surface.canvas.clear(0xFFEFEFEF.toInt())
    val ink = Paint().apply { color = 0xFF30405C.toInt() }
    text.forEachIndexed { place, letter ->
        surface.canvas.save()
        surface.canvas.rotate(if (place % 2 == 0) -8f else 9f, 30f + place * 40, 50f)
        surface.canvas.drawString("$letter", 20f + place * 42, 56f, Font(null, 44f), ink)
        surface.canvas.restore()
    }
    surface.canvas.drawLine(0f, 60f, 240f, 25f, ink)
    return checkNotNull(surface.makeImageSnapshot().encodeToData()).bytes
}
