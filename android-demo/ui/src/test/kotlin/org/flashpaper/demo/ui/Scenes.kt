package org.flashpaper.demo.ui

import kotlin.time.Duration.Companion.milliseconds
import org.flashpaper.BridgePart
import org.flashpaper.BurnOutcome
import org.flashpaper.BurnReport
import org.flashpaper.Connection
import org.flashpaper.Flashpaper
import org.flashpaper.FlashpaperException
import org.flashpaper.History
import org.flashpaper.Input
import org.flashpaper.NetworkKind
import org.flashpaper.PanicReport
import org.flashpaper.Phase
import org.flashpaper.Stage as Step
import org.flashpaper.Tor
import org.flashpaper.WebPage
import org.flashpaper.demo.BurnModel
import org.flashpaper.demo.BurnersModel
import org.flashpaper.demo.ContactsModel
import org.flashpaper.demo.CreatingModel
import org.flashpaper.demo.Entrance
import org.flashpaper.demo.ExpiryChoice
import org.flashpaper.demo.HistoryChoice
import org.flashpaper.demo.PanicModel
import org.flashpaper.demo.RestoreModel
import org.flashpaper.demo.SettingsModel
import org.flashpaper.demo.StartModel
import org.flashpaper.demo.TextKey
import org.flashpaper.demo.UnlockModel
import org.flashpaper.demo.WordsModel
import org.flashpaper.testing.Op

/**
 * A state of a screen, and how a user comes there: [play] touches models over the library's double; [touch] is then touched on the
 * screen itself, where the view alone remembers that something is open. A picture has at least this [height].
 */
internal class Scene(
    val name: String,
    val touch: TextKey? = null,
    val network: NetworkKind = NetworkKind.PUBLIC,
    val height: Int = 0,
    val play: suspend Stage.() -> Unit,
)

internal val SCENES: List<Scene> = listOf(
    Scene("start") {},
    Scene("start-bridges") {
        on<StartModel>().run {
            choose(Entrance.BRIDGES)
            writeBridges("192.0.2.7:443 4352E58420E68F5E40BF7C74FADDCCD9D1349413")
        }
    },
    Scene("start-bridge-fault", height = 860) {
        on<StartModel>().choose(Entrance.BRIDGES)
        on<StartModel>().writeBridges("192.0.2.7:443 4352E58420E68F5E40BF7C74FADDCCD9D1349413\nbridges from a friend")
        fake.fail(Op.START_TOR, FlashpaperException.InvalidInput(Input.Bridge(2, BridgePart.ADDRESS)))
        on<StartModel>().start()
    },
    Scene("creating-tor") {
        fake.fail(Op.START_TOR, FlashpaperException.Timeout())
        on<StartModel>().start()
        settle()
        fake.setTor(Tor.Connecting(0.45f, Step.DIRECTORY))
    },
    Scene("creating-blocked") { torFails(FlashpaperException.TorBlocked()) },
    Scene("creating-no-network") { torFails(FlashpaperException.Offline()) },
    Scene("creating-clock") { torFails(FlashpaperException.ClockWrong(null)) },
    Scene("creating-captcha") {
        fake.ask(CAPTCHA)
        on<StartModel>().start()
        on<CreatingModel>().write(0, "fl4me")
    },
    Scene("creating-form") {
        fake.ask(FORM)
        on<StartModel>().start()
        on<CreatingModel>().send()
    },
    Scene("creating-refused") { creationFails(FlashpaperException.ServerRefused()) },
    Scene("creating-web-page") { creationFails(FlashpaperException.NeedsWeb(WebPage("https://example.org/join"))) },
    Scene("burners-empty") {
        burner()
        fake.burner(fake.state.value.burners.single().id)?.wipe()
        settle()
        app.back()
    },
    Scene("burners") { threeBurners() },
    Scene("burners-held-back") {
        threeBurners()
        fake.setConnection(fake.state.value.burners.first().id, Connection.Quarantined)
    },
    Scene("burners-not-finished") {
        threeBurners()
        val (_, second, third) = fake.state.value.burners
        reopen { library ->
            val phases = mapOf(second.id to Phase.BURNING, third.id to Phase.PENDING)
            Changed(library) { it.copy(phase = phases[it.id] ?: it.phase) }
        }
    },
    Scene("burners-removals") {
        threeBurners()
        fake.nextBurn(BurnReport(BurnOutcome.QUEUED))
        fake.burner(fake.state.value.burners.first().id)?.burn()
        fake.setTor(Tor.Blocked(FlashpaperException.Offline()))
    },
    Scene("restore") {
        on<StartModel>().restore()
        on<RestoreModel>().writeWords("absorb winter coper lunar fossil ridge empty tackle novel garden whisper unhappy")
        on<RestoreModel>().writeServer("example.org")
    },
    Scene("restore-busy") {
        fake.fail(Op.START_TOR, FlashpaperException.Timeout())
        restore("absorb winter copper lunar fossil ridge empty tackle novel garden whisper unhappy")
        fake.setTor(Tor.Connecting(0.45f, Step.DIRECTORY))
    },
    Scene("restore-faulty") { restore("absorb winter copper") },
    Scene("words-hidden") { words() },
    Scene("words") {
        words()
        on<WordsModel>().show()
    },
    Scene("words-forget") {
        words()
        on<WordsModel>().show()
        on<WordsModel>().finish()
    },
    Scene("contacts-empty") { burner() },
    Scene("contacts") { contacts() },
    Scene("contacts-add", touch = TextKey.CONTACTS_ADD) { burner() },
    Scene("contacts-own-code", touch = TextKey.CONTACTS_OWN) { burner() },
    Scene("contacts-offline") {
        contacts()
        fake.setTor(Tor.Blocked(FlashpaperException.TorBlocked()))
    },
    Scene("settings") {
        settle()
        app.settings()
    },
    Scene("settings-of-burner") { app.settings(burner()) },
    Scene("settings-history") {
        fake.burner(burner())?.setHistory(History.UntilBurn)
        settle()
        app.settings(fake.state.value.burners.single().id)
        on<SettingsModel>().setHistory(HistoryChoice.ONE_DAY)
    },
    Scene("settings-expiry") {
        app.settings(burner())
        on<SettingsModel>().setExpiry(ExpiryChoice.ONE_DAY)
    },
    Scene("settings-passphrases", height = 2400) {
        app.settings(burner())
        on<SettingsModel>().run {
            writePassphrase("open sesame")
            writeAgain("open sesame")
            setPassphrase()
            settle()
            dismiss()
            writeDuress("fire")
            writeDuressAgain("fir")
            setDuress()
        }
    },
    Scene("burn") { burn() },
    Scene("burn-held") {
        burn()
        on<BurnModel>().holdStarted()
        pass(900.milliseconds)
    },
    Scene("burn-without-tor") {
        burn()
        fake.setTor(Tor.Off)
    },
    Scene("burned") { burned(BurnReport(BurnOutcome.PROVEN)) },
    Scene("burned-disabled") { burned(BurnReport(BurnOutcome.DISABLED)) },
    Scene("burned-not-sure") { burned(BurnReport(BurnOutcome.UNPROVEN, FlashpaperException.Timeout())) },
    Scene("burned-waits") { burned(BurnReport(BurnOutcome.QUEUED, FlashpaperException.ServerUnreachable())) },
    Scene("panic") { app.panic() },
    Scene("panic-slid") {
        app.panic()
        on<PanicModel>().slide(0.7f)
    },
    Scene("panic-done") {
        burner()
        app.panic()
        on<PanicModel>().slide(1f)
        on<PanicModel>().letGo()
    },
    Scene("panic-remains") {
        burner()
        panicReport = PanicReport(keyKept = FlashpaperException.KeyUnavailable())
        app.panic()
        on<PanicModel>().slide(1f)
        on<PanicModel>().letGo()
    },
    Scene("unlock-damaged") {
        burner()
        openFails = FlashpaperException.VaultDamaged()
        fake.lock()
        on<UnlockModel>().unlock()
    },
    Scene("unlock") {
        burner()
        fake.lock()
    },
    Scene("unlock-passphrase-wrong") {
        burner()
        passphrase = "right"
        fake.lock()
        on<UnlockModel>().unlock()
        on<UnlockModel>().writePassphrase("wrong")
        on<UnlockModel>().unlock()
    },
    Scene("test-network", network = NetworkKind.PRIVATE) { burner() },
) + CHATS

private suspend fun Stage.torFails(error: FlashpaperException) {
    fake.fail(Op.START_TOR, error)
    on<StartModel>().start()
    settle()
    fake.setTor(Tor.Blocked(error))
}

private fun Stage.creationFails(error: FlashpaperException) {
    fake.fail(Op.CREATE, error)
    on<StartModel>().start()
}

private suspend fun Stage.threeBurners() {
    val first = burner()
    peer("friend@example.net").sends("hello", first)
    repeat(2) {
        app.back()
        on<BurnersModel>().create()
        settle()
    }
    app.back()
    val (_, second, third) = fake.state.value.burners
    fake.burner(second.id)?.setLabel("Flat hunting")
    fake.burner(third.id)?.setExpiry(fake.now.plusSeconds(86_400))
    fake.burner(third.id)?.disconnect()
}

private fun Stage.restore(words: String) {
    on<StartModel>().restore()
    on<RestoreModel>().writeWords(words)
    on<RestoreModel>().writeServer("example.org")
    on<RestoreModel>().restore()
    settle()
}

/** The app locks and unlocks, and goes on with another library. */
internal suspend fun Stage.reopen(other: (Flashpaper) -> Flashpaper) {
    settle()
    opened = other
    fake.lock()
    on<UnlockModel>().unlock()
    settle()
}

private fun Stage.words() {
    burner()
    app.back()
    on<BurnersModel>().setRecoverable(true)
    on<BurnersModel>().create()
    settle()
}

private suspend fun Stage.contacts() {
    val burner = burner()
    peer("stranger@example.com").sends("hello", burner)
    for (name in listOf("mariposa.lily@chat.example", "friend@example.net")) {
        peer(name).comesOnline()
        on<ContactsModel>().add(name)
        settle()
        app.back()
    }
    val friend = peer("friend@example.net")
    val chat = checkNotNull(fake.burner(burner)?.chat(friend.jid))
    chat.startPrivate()
    chat.setVerified(friend.key, true)
    friend.sends("good day", burner)
    friend.sends("are you there?", burner)
}

private fun Stage.burn() {
    burner()
    on<ContactsModel>().burn()
    settle()
}

private fun Stage.burned(report: BurnReport) {
    fake.nextBurn(report)
    burn()
    on<BurnModel>().holdStarted()
    pass(2000.milliseconds)
}
