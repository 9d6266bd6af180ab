package org.flashpaper.demo.ui

import androidx.compose.ui.unit.LayoutDirection
import java.io.File
import java.time.ZoneOffset
import java.time.format.DateTimeFormatter
import java.time.format.FormatStyle
import java.util.Locale
import javax.xml.parsers.DocumentBuilderFactory
import org.flashpaper.demo.Moment

/** A language of the app, from the files that Android reads, too. */
internal enum class Language(folder: String, private val locale: Locale, val direction: LayoutDirection) {
    ENGLISH("values", Locale.UK, LayoutDirection.Ltr),
    PERSIAN("values-fa", Locale.forLanguageTag("fa"), LayoutDirection.Rtl),
    ;

    private val strings: Map<String, String> by lazy { read(File("../app/src/main/res/$folder/strings.xml")) }

    val wording: Wording by lazy { Wording(locale, { strings.getValue(it.id) }, ::time) }

    private fun time(moment: Moment): String {
        val form = if (moment.withDay) {
            DateTimeFormatter.ofLocalizedDateTime(FormatStyle.MEDIUM, FormatStyle.SHORT)
        } else {
            DateTimeFormatter.ofLocalizedTime(FormatStyle.SHORT)
        }
        return form.localizedBy(locale).withZone(ZoneOffset.UTC).format(moment.at)
    }

    private companion object {
        fun read(file: File): Map<String, String> {
            val nodes = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file).getElementsByTagName("string")
            return (0 until nodes.length).map { nodes.item(it) }
                .associate { it.attributes.getNamedItem("name").nodeValue to it.textContent.replace(Regex("""\\(['"@?\\])"""), "$1") }
        }
    }
}
