package org.flashpaper.demo.ui

import java.io.File
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Views only read what the models say: none of them knows the library, or asks what a thing of it is. */
class ViewsTest {
    private val views = File("src/main/kotlin").walk().filter { it.extension == "kt" }.toList()

    @Test
    fun `no view knows the library`() {
        assertTrue(views.size > 20)
        val used = views.flatMap { file -> LIBRARY.findAll(file.readText()).map { "${file.name}: ${it.value}" } }
        assertEquals(emptyList<String>(), used)
    }

    /** By another way than by its name: a field of a state that has a type of the library. */
    @Test
    fun `no view asks what a thing of the library is`() {
        val asked = views.filter { it.name != "App.kt" }.flatMap { file ->
            TYPE.findAll(file.readText()).map { it.groupValues[1] }.filter { it !in OWN }.map { "${file.name}: $it" }
        }
        assertEquals(emptyList<String>(), asked)
    }

    private companion object {
        /** The models are in `org.flashpaper.demo`. */
        val LIBRARY = Regex("""org\.flashpaper\.(?!demo\b)[\w.]+""")
        val TYPE = Regex("""\bis ([A-Z]\w*)""")
        val OWN = setOf("Text", "Verbatim", "Number", "Moment")
    }
}
