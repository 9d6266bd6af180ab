package org.flashpaper.demo

import android.app.Application
import java.io.File
import kotlinx.coroutines.MainScope
import org.flashpaper.Flashpaper
import org.flashpaper.Key

/** Holds the model for as long as the process lives: a turned screen interrupts nothing. */
class DemoApplication : Application() {
    val model: BurnersModel by lazy {
        // Kept out of backups: what is burned must not come back from one.
        BurnersModel(MainScope()) { Flashpaper.open(File(noBackupFilesDir, "flashpaper"), Key.File) }
    }
}
