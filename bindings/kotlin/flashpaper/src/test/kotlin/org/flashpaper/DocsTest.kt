package org.flashpaper

import java.io.File
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** That all that an app can call has a doc text. */
class DocsTest {
    @Test
    fun everyPublicDeclarationHasADocText() {
        val files = listOf("flashpaper", "testing", "android").flatMap { module ->
            File("../$module/src/main/kotlin").walk().filter { it.extension == "kt" && "internal" !in it.path.split('/') }
        }
        assertTrue(files.size > 20, "these are not the sources that are meant")
        val bare = files.flatMap { file ->
            val lines = file.readLines().map { it.trim() }.filterNot { it.startsWith("@") }
            lines.indices.filter { lines[it].isDeclared() && !lines[it - 1].endsWith("*/") }.map { "${file.name}: ${lines[it]}" }
        }
        assertEquals(emptyList<String>(), bare)
    }

    /** `public`, which strict mode asks for, or the entry of an enum. A test's name is a text; a companion is no more than its place. */
    private fun String.isDeclared() =
        startsWith("public ") && '`' !in this && this != "public companion object {" || Regex("[A-Z][A-Z_0-9]*(\\(.*\\))?[,;]?").matches(this)
}
