package org.flashpaper.demo.ui.design

import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import org.flashpaper.demo.Arg
import org.flashpaper.demo.Number
import org.flashpaper.demo.Text
import org.flashpaper.demo.TextKey
import org.flashpaper.demo.ui.words

/** A line of a list: a picture, words one below the other, and how many texts were not read. */
@Composable
internal fun ListRow(
    picture: @Composable () -> Unit,
    unread: Int,
    open: (() -> Unit)?,
    content: @Composable ColumnScope.() -> Unit,
) {
    Surface(Modifier.fillMaxWidth(), MaterialTheme.shapes.medium, MaterialTheme.colorScheme.surface, tonalElevation = 2.dp) {
        Row(
            (if (open == null) Modifier else Modifier.clickable(onClick = open)).heightIn(min = 72.dp).padding(16.dp),
            Arrangement.spacedBy(16.dp),
            Alignment.CenterVertically,
        ) {
            picture()
            Column(Modifier.weight(1f), Arrangement.spacedBy(4.dp)) {
                content()
                if (unread > 0) Unread(unread)
            }
        }
    }
}

@Composable
private fun Unread(count: Int) {
    Surface(shape = RoundedCornerShape(50), color = MaterialTheme.colorScheme.primary, contentColor = MaterialTheme.colorScheme.onPrimary) {
        Say(
            words(Text(TextKey.UNREAD, Number(count))),
            Modifier.padding(horizontal = 10.dp, vertical = 3.dp),
            MaterialTheme.typography.labelMedium,
        )
    }
}

/** Above what belongs together. */
@Composable
internal fun Heading(title: Arg) =
    Say(
        title,
        Modifier.padding(top = 8.dp).semantics { heading() },
        MaterialTheme.typography.titleSmall,
        MaterialTheme.colorScheme.primary,
    )

/** Words between other things. */
@Composable
internal fun Note(text: Arg) = Say(text, style = MaterialTheme.typography.bodyMedium, color = MaterialTheme.colorScheme.onSurfaceVariant)

/** In the place of a list that has no lines. */
@Composable
internal fun Empty(text: Arg, picture: @Composable () -> Unit) {
    Column(
        Modifier.fillMaxWidth().padding(horizontal = 16.dp, vertical = 40.dp),
        Arrangement.spacedBy(16.dp),
        Alignment.CenterHorizontally,
    ) {
        picture()
        Say(
            text,
            style = MaterialTheme.typography.bodyLarge,
            color = MaterialTheme.colorScheme.onSurfaceVariant,
            align = TextAlign.Center,
        )
    }
}
