package org.flashpaper.demo

import org.flashpaper.BurnerId
import org.flashpaper.Jid

/** Where the user is. The way there is a list of these: see [AppState.way]. */
sealed interface Screen {
    /** Direct or bridges, and one button. */
    data object Start : Screen

    /** A burner is being made. */
    data object Creating : Screen

    /** All burners. */
    data object Burners : Screen

    /** Brings a burner back from its words. */
    data object Restore : Screen

    /** The contacts of a burner. */
    data class Contacts(val burner: BurnerId) : Screen

    /** A conversation. */
    data class Chat(val burner: BurnerId, val peer: Jid) : Screen

    /** Shows that a contact is who they say. */
    data class Verify(val burner: BurnerId, val peer: Jid) : Screen

    /** A burner's recovery words, shown once. */
    data class Words(val burner: BurnerId) : Screen

    /** The app's settings, and those of a burner where one is given. */
    data class Settings(val burner: BurnerId?) : Screen

    /** Burns a burner. */
    data class Burn(val burner: BurnerId) : Screen

    /** How a burn went. */
    data class BurnReport(val burner: BurnerId) : Screen

    /** Ends everything on this device. */
    data object Panic : Screen

    /** The store is locked. */
    data object Unlock : Screen
}

/** What holds for all screens. */
data class AppState(
    /** The way to the screen that is shown, which is the last. Never empty. */
    val way: List<Screen> = listOf(Screen.Start),
    /** What is wrong as long as the app runs: a network for tests, a damaged store. On top of each screen. */
    val warnings: List<Sign> = emptyList(),
    /** The app is not in front: nothing of it is to be seen. */
    val covered: Boolean = false,
) {
    val screen: Screen
        get() = way.last()

    /** Back leads to another screen of the app. Otherwise it leaves the app, as while a burner is made: only Cancel ends that. */
    val canGoBack: Boolean
        get() = way.size > 1 && screen != Screen.Creating

    /** The panic button is on every screen but its own. */
    val canPanic: Boolean
        get() = screen != Screen.Panic
}

/** What every screen can ask for, and what the platform tells. */
interface AppActions {
    /** One screen back. */
    fun back()

    /** The first of the two touches of a panic. */
    fun panic()

    /** Opens the settings, those of a burner in addition. */
    fun settings(burner: BurnerId? = null)

    /** The app is not in front any more. */
    fun toBackground()

    /** The app is in front. */
    fun toForeground()

    /** The device has another network. */
    fun networkChanged()

    /** The user has touched the screen. */
    fun touch()
}
