package app

import java.io.File
import java.net.URI
import java.nio.file.FileSystems
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import java.util.zip.ZipEntry
import java.util.zip.ZipOutputStream
import kotlin.io.path.createDirectory
import kotlin.io.path.div
import kotlin.io.path.fileSize
import kotlin.io.path.isRegularFile
import kotlin.io.path.name
import kotlin.io.path.outputStream
import kotlin.io.path.relativeTo
import kotlin.io.path.walk
import kotlin.io.path.writeText
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** The program of `Main.kt`, shrunk with all that it uses, as a release build of an app is. */
class ShrunkTest {
    @TempDir
    lateinit var temporary: Path

    @Test
    fun `an app that R8 has shrunk by the rules runs`() {
        val expected = "opened: AWAKE, 0 burners\ncreate: tor_not_started\nopen: key_denied\nleft: 0 files, 0 keys\n"
        assertEquals(Ran(0, expected), shrunk("--pg-conf", RULES))
    }

    @Test
    fun `without the rules it dies at its first call`() {
        // What lets R8 do its work at all.
        val app = temporary / "warnings.pro"
        app.writeText("-dontwarn java.awt.**\n")
        val ran = shrunk("--pg-conf", app.toString())
        assertTrue(ran.code != 0 && "java.lang.UnsatisfiedLinkError" in ran.text && "opened" !in ran.text, ran.toString())
    }

    @Test
    fun `R8 makes byte code for Android of it`() {
        val out = (temporary / "dex").createDirectory()
        r8(out, "--dex", "--min-api", "26", "--pg-conf", RULES)
        assertTrue((out / "classes.dex").fileSize() > 0)
    }

    private fun shrunk(vararg options: String): Ran {
        val program = temporary / "shrunk.jar"
        r8(program, "--classfile", *options)
        return java(
            "-Djna.library.path=${System.getProperty("jna.library.path")}",
            "-cp",
            program.toString(),
            "app.MainKt",
            (temporary / "folder").toString(),
        )
    }

    private fun r8(out: Path, vararg options: String) {
        // What each app says by itself: where it begins. Classes of Android's own, which R8 puts in for `use`, are on each phone.
        val app = temporary / "app.pro"
        app.writeText("-keep class app.MainKt { public static void main(java.lang.String[]); }\n-dontwarn android.**\n")
        val input = PROGRAM.map { jar(onClassPath(it)) }.toTypedArray()
        val ran = java(
            "-cp", onClassPath("com/android/tools/r8/"), "com.android.tools.r8.R8",
            "--release", "--lib", platform(), "--pg-conf", "$app", "--output", "$out", *options, *input,
        )
        assertEquals(0, ran.code, ran.text)
    }

    /** What of Java a phone has, too: no AWT. */
    private fun platform(): String {
        val modules = FileSystems.getFileSystem(URI("jrt:/")).getPath("/modules")
        return zipped(modules / "java.base", modules / "java.logging")
    }

    /** R8 takes no folders. */
    private fun jar(place: String): String = if (File(place).isFile) place else zipped(Path.of(place))

    private fun zipped(vararg folders: Path): String {
        val jar = Files.createTempFile(temporary, "input", ".jar")
        ZipOutputStream(jar.outputStream()).use { zip ->
            for (folder in folders) {
                for (file in folder.walk().filter { it.isRegularFile() && it.name != "module-info.class" }) {
                    zip.putNextEntry(ZipEntry(file.relativeTo(folder).toString()))
                    Files.copy(file, zip)
                }
            }
        }
        return jar.toString()
    }

    private fun java(vararg arguments: String): Ran {
        val output = (temporary / "output").toFile()
        val process = ProcessBuilder("${System.getProperty("java.home")}/bin/java", *arguments)
            .redirectErrorStream(true)
            .redirectOutput(output)
            .start()
        try {
            assertTrue(process.waitFor(5, TimeUnit.MINUTES), "it hangs")
        } finally {
            process.destroyForcibly()
        }
        return Ran(process.exitValue(), output.readText())
    }

    private fun onClassPath(part: String): String =
        System.getProperty("java.class.path").split(File.pathSeparator).single { part in it }

    private data class Ran(val code: Int, val text: String)

    private companion object {
        const val RULES = "../android/consumer-rules.pro"

        /** What an app has of the library. */
        val PROGRAM = listOf(
            "/shrunk/target/classes",
            "/flashpaper/target/",
            "/net/java/dev/jna/jna/",
            "/kotlin-stdlib/",
            "/kotlinx-coroutines-core-jvm/",
            "/org/jetbrains/annotations/",
        )
    }
}
