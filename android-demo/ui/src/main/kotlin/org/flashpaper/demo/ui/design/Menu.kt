package org.flashpaper.demo.ui.design

import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.shape.CircleShape
import androidx.compose.material3.DropdownMenu
import androidx.compose.material3.DropdownMenuItem
import androidx.compose.material3.Icon
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.vector.ImageVector
import androidx.compose.ui.semantics.clearAndSetSemantics
import androidx.compose.ui.unit.dp
import org.flashpaper.demo.TextKey
import org.flashpaper.demo.Verbatim
import org.flashpaper.demo.ui.words

/** A line of a menu. */
internal class Item(val label: String, val icon: ImageVector?, val act: () -> Unit)

/** What is done less often, behind three dots. */
@Composable
internal fun Choices(open: Boolean, setOpen: (Boolean) -> Unit, items: List<Item>) {
    if (items.isEmpty()) return
    Box {
        Tool(Vectors.more, words(TextKey.MORE), { setOpen(true) })
        Menu(open, { setOpen(false) }, items)
    }
}

@Composable
internal fun Menu(open: Boolean, close: () -> Unit, items: List<Item>) {
    DropdownMenu(open, close) {
        items.forEach { item ->
            DropdownMenuItem(
                { Say(item.label, Modifier.padding(vertical = 8.dp), MaterialTheme.typography.bodyLarge) },
                {
                    close()
                    item.act()
                },
                leadingIcon = item.icon?.let { { Icon(it, null) } },
            )
        }
    }
}

/** A contact's first letter. Its name is beside it, so that it is not read aloud. */
@Composable
internal fun Initial(name: Verbatim) {
    Surface(
        Modifier.size(48.dp).clearAndSetSemantics {},
        CircleShape,
        MaterialTheme.colorScheme.secondaryContainer,
        MaterialTheme.colorScheme.onSecondaryContainer,
    ) {
        Box(contentAlignment = Alignment.Center) {
            Say(name.text.take(1).uppercase(), style = MaterialTheme.typography.titleMedium)
        }
    }
}
