package org.flashpaper.demo.ui

import kotlinx.coroutines.flow.MutableStateFlow
import org.flashpaper.Burner
import org.flashpaper.BurnerId
import org.flashpaper.BurnerState
import org.flashpaper.Flashpaper

/** The library at one moment, with states that its double never comes to. */
internal class Changed(
    private val library: Flashpaper,
    private val ofBurner: (BurnerState) -> BurnerState,
) : Flashpaper by library {
    override val state = MutableStateFlow(library.state.value.run { copy(burners = burners.map(ofBurner)) })

    override fun burner(id: BurnerId): Burner? = library.burner(id)?.let(::OfBurner)

    private inner class OfBurner(private val burner: Burner) : Burner by burner {
        override val state = MutableStateFlow(ofBurner(burner.state.value))
    }
}
