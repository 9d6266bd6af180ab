// What an app does with an error.

package org.flashpaper

/** A stable name for programs, in `snake_case`. */
public val FlashpaperException.code: String
    get() = errorCode(this)

/** The one thing to suggest to the user. */
public val FlashpaperException.action: Action
    get() = errorAction(this)

/** Whether the same call may succeed later without any change. */
public val FlashpaperException.retryable: Boolean
    get() = errorRetryable(this)
