package org.flashpaper

import java.io.File

/** The first example of `bindings/README.md`, to be compiled: `parity.rs` has both be the same. */
@Suppress("unused")
private suspend fun example(folder: File) {
    val flashpaper = Flashpaper.open(Config(folder, Key.File))
    flashpaper.startTor()
    val burner = flashpaper.create().await()
    burner.burn()
    flashpaper.close()
}
