package org.flashpaper.demo.ui

import kotlinx.coroutines.flow.MutableStateFlow
import org.flashpaper.Burner
import org.flashpaper.BurnerId
import org.flashpaper.BurnerState
import org.flashpaper.Chat
import org.flashpaper.ChatState
import org.flashpaper.Flashpaper
import org.flashpaper.Jid

/** The library at one moment, with states that its double never comes to. */
internal class Changed(
    private val library: Flashpaper,
    private val ofBurner: (BurnerState) -> BurnerState = { it },
    private val ofChat: (ChatState) -> ChatState = { it },
) : Flashpaper by library {
    override val state = MutableStateFlow(library.state.value.run { copy(burners = burners.map(ofBurner)) })

    override fun burner(id: BurnerId): Burner? = library.burner(id)?.let(::OfBurner)

    private inner class OfBurner(private val burner: Burner) : Burner by burner {
        override val state = MutableStateFlow(ofBurner(burner.state.value))

        override fun chat(peer: Jid): Chat? = burner.chat(peer)?.let(::OfChat)
    }

    private inner class OfChat(private val chat: Chat) : Chat by chat {
        override val state = MutableStateFlow(ofChat(chat.state.value))
    }
}
