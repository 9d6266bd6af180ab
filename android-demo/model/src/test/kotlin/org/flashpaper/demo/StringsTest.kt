package org.flashpaper.demo

import java.io.File
import javax.xml.parsers.DocumentBuilderFactory
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.w3c.dom.Element

/** Every key has its words in every language, and nothing else is there. */
class StringsTest {
    private val languages = File(RES).listFiles().orEmpty().filter { File(it, FILE).exists() }.map { it.name }.sorted()

    @Test
    fun `there are two languages`() = assertEquals(listOf("values", "values-fa"), languages)

    @Test
    fun `the app's words are those that the models name`() {
        for (language in languages) assertEquals(TextKey.entries.map { it.id }, strings(language).keys.toList(), language)
    }

    @Test
    fun `each is used`() {
        val code = listOf("src/main", "../ui/src/main", "../app/src/main").flatMap { File(it).walk() }
            .filter { it.extension == "kt" && it.name != "TextKey.kt" }.joinToString("\n") { it.readText() }
        val used = Regex("\\w+").findAll(code).map { it.value }.toSet()
        assertEquals(emptyList<TextKey>(), TextKey.entries.filter { it.name !in used && it.id !in used })
    }

    @Test
    fun `each has as many places as are filled`() {
        for (language in languages) {
            val found = strings(language).mapValues { (_, words) -> places(words) }
            assertEquals(TextKey.entries.associate { it.id to (1..it.places).toList() }, found, language)
        }
    }

    @Test
    fun `none is empty, and no sign is left that XML or Android would read otherwise`() {
        for (language in languages) {
            for ((name, words) in strings(language)) {
                assertEquals(words.trim(), words, "$language $name")
                assertTrue(words.isNotEmpty() && words.none { it in "'\"\\\n" }, "$language $name: $words")
                assertEquals("", words.replace(PLACE, "").replace("%%", "").filter { it == '%' }, "$language $name")
            }
        }
    }

    @Test
    fun `a translation translates`() {
        val (english, persian) = languages.map(::strings)
        val same = english.keys.filter { english[it] == persian[it] }
        assertEquals(listOf("app_name", "words_word", "chat_spoken_theirs"), same)
        // Without letters of another alphabet, but for names and the places.
        val left = persian.filterKeys { it !in same }.mapValues { (_, words) -> words.replace(PLACE, "").replace(NAMES, "") }
        assertEquals(emptyMap<String, String>(), left.filterValues { words -> words.any { it in 'A'..'Z' || it in 'a'..'z' } })
        // As Persian is written, which is not as Arabic is.
        assertEquals(emptyMap<String, String>(), persian.filterValues { words -> words.any { it in "\u064A\u0643" } })
    }
}

private const val RES = "../app/src/main/res"

private const val FILE = "strings.xml"

private val NAMES = Regex("Tor|example\\.org")

private val PLACE = Regex("%(\\d)\\\$s")

private fun places(words: String) = PLACE.findAll(words).map { it.groupValues[1].toInt() }.sorted().toList()

/** The strings of a language by their names. */
private fun strings(folder: String): Map<String, String> {
    val nodes = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(File("$RES/$folder/$FILE")).getElementsByTagName("string")
    val all = (0 until nodes.length).map { nodes.item(it) as Element }.map { it.getAttribute("name") to it.textContent }
    assertEquals(all.size, all.toMap().size, "a name is there twice")
    return all.toMap()
}
