// What an app does with a picture of a question.

package org.flashpaper

/** Its media type, as HTTP and Android name it. */
public val PictureFormat.mediaType: String
    get() = when (this) {
        PictureFormat.PNG -> "image/png"
        PictureFormat.JPEG -> "image/jpeg"
    }
