package org.flashpaper.demo

import org.flashpaper.demo.TextKey.PASSPHRASE_DIFFERS

/** A new passphrase. Nobody can read it while it is typed, so that it is typed twice: a slip of a finger would lock its user out. */
internal class NewPassphrase {
    private var text = ""
    private var again = ""
    private var differs = false

    /** Why it cannot be taken. */
    var fault: Text? = null

    val isComplete: Boolean
        get() = text.isNotEmpty() && again.isNotEmpty()

    /** What was typed; null, and told at the second field, where the two differ. */
    fun typed(): String? {
        differs = text != again
        return text.takeUnless { differs }
    }

    fun write(text: String) {
        this.text = text
        told()
    }

    fun writeAgain(text: String) {
        again = text
        told()
    }

    fun clear() {
        text = ""
        again = ""
        told()
    }

    private fun told() {
        differs = false
        fault = null
    }

    fun field(enabled: Boolean) = Field(Verbatim(text), fault, enabled)

    fun second(enabled: Boolean) = Field(Verbatim(again), if (differs) Text(PASSPHRASE_DIFFERS) else null, enabled)
}
