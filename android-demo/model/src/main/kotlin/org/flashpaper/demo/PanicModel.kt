package org.flashpaper.demo

import org.flashpaper.FlashpaperException
import org.flashpaper.PanicReport
import org.flashpaper.demo.TextKey.*

/** So far the slider has to go. */
private const val END = 0.95f

/** Ends everything on this device. The first touch has led here, the slide is the second. */
class PanicModel internal constructor(app: AppModel) : ScreenModel<PanicState>(Screen.Panic, app), PanicActions {
    private var slid = 0f
    private var isSure = false
    private var report: PanicReport? = null

    override fun now() = PanicState(
        slid = slid,
        canSlide = report == null,
        explanation = Text(PANIC_EXPLANATION),
        action = Text(if (isSure) PANIC_ACCESSIBLE_AGAIN else PANIC_ACCESSIBLE),
        done = Sign(Mark.TICK, Text(PANIC_DONE), Tone.GOOD).takeIf { report == PanicReport() },
        problem = report?.let { left(it) },
        canClose = report != null,
    )

    private fun left(report: PanicReport): Problem? {
        val title = if (report.keyKept != null) PANIC_KEY_KEPT else if (report.filesLeft != null) PANIC_FILES_LEFT else return null
        return Problem(Sign(Mark.WARNING, Text(title), Tone.DANGER), Text(PANIC_LEFT_ADVICE), canRetry = true)
    }

    override fun slide(fraction: Float) {
        if (report == null) slid = fraction.coerceIn(0f, 1f)
        look()
    }

    override fun letGo() {
        if (report == null && slid >= END) panic()
        if (report == null) slid = 0f
        look()
    }

    override fun withoutSliding() {
        if (report == null && isSure) panic()
        isSure = true
        look()
    }

    override fun retry() {
        if (now().problem != null) panic()
        look()
    }

    /** At once, on this thread: nothing may come between the touch and the end. */
    private fun panic() {
        report = session.panic()
        app.alone(this)
    }

    override fun close() {
        if (report == null) app.back() else app.startAnew()
    }
}

/** The store is locked, or the device does not let it be opened. */
class UnlockModel internal constructor(app: AppModel) : ScreenModel<UnlockState>(Screen.Unlock, app), UnlockActions {
    private var passphrase = ""
    private var wasTyped = false

    override fun now(): UnlockState {
        val known = session.known.value
        val fault = known.openFault
        val isWrong = fault is FlashpaperException.VaultLocked
        val needsPassphrase = known.hasPassphrase || isWrong
        val field = Field(Verbatim(passphrase), Text(PROBLEM_PASSPHRASE).takeIf { isWrong && wasTyped }, !known.isOpening)
        return UnlockState(
            explanation = Text(if (needsPassphrase) UNLOCK_EXPLANATION_PASSPHRASE else UNLOCK_EXPLANATION),
            passphrase = field.takeIf { needsPassphrase },
            canUnlock = !known.isOpening && (!needsPassphrase || passphrase.isNotEmpty()),
            isBusy = known.isOpening,
            problem = fault?.takeUnless { isWrong }?.let(::problem),
        )
    }

    override fun writePassphrase(passphrase: String) = type {
        this.passphrase = passphrase
        wasTyped = false
    }

    override fun unlock() {
        if (!now().canUnlock) return
        val typed = passphrase.takeIf { it.isNotEmpty() }?.encodeToByteArray()
        passphrase = ""
        wasTyped = typed != null
        act(failed = {}, within = scope) {
            session.open(typed)
            app.home()
        }
    }
}
