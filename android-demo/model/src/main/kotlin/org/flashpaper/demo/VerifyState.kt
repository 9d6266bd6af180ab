package org.flashpaper.demo

/** How a contact is verified. */
enum class VerifyWay {
    /** A question that only the contact can answer. */
    SECRET,
    /** The digits of both keys, read aloud. */
    DIGITS,
}

/** Shows that a contact is who they say. */
data class VerifyState(
    val badge: BurnerBadge,
    val name: Verbatim,
    val lock: Sign,
    val ways: List<Option<VerifyWay>>,
    /** What to do, in one or two sentences. */
    val explanation: Text,
    /** The contact asks, and waits for an answer. */
    val asked: Asked?,
    val question: Field,
    val secret: Field,
    /** Compares, or answers. */
    val button: Text,
    val canCompare: Boolean,
    /** The contact has to answer yet. */
    val waits: Text?,
    val canAbort: Boolean,
    val result: Sign?,
    /** What to do about it. */
    val resultText: Text?,
    /** The user's own digits, in groups to be read aloud. */
    val own: List<Verbatim>?,
    /** The contact's, where a key is known. */
    val theirs: List<Verbatim>?,
    val canConfirmDigits: Boolean,
    val canTakeBack: Boolean,
    val note: Note?,
)

/** [question] is the contact's; null: they compare without one. */
data class Asked(val question: Verbatim?)

interface VerifyActions {
    fun choose(way: VerifyWay)

    fun writeQuestion(question: String)

    fun writeSecret(secret: String)

    /** Compares the secret with the contact's, or answers their question. */
    fun compare()

    fun abort()

    /** The digits are the same. */
    fun confirmDigits()

    /** The contact is not verified any more. */
    fun takeBack()

    fun dismiss()
}
