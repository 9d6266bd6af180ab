package org.flashpaper

/**
 * What a server asks of the user before it makes an account. All texts are the server's, cleaned of characters that could steer
 * a screen. Printing one shows none of them.
 */
public data class Question(
    /** Its name. */
    public val id: Id,
    /** The burner that is to be. */
    public val burner: BurnerId,
    /** The server that asks. */
    public val server: Jid,
    /** What it asks. */
    public val form: QuestionForm,
) {
    override fun toString(): String = "Question(${id.value}, fields: ${form.fields.size}, ..)"

    /** A question's name: [Creation.answer] takes it. */
    @JvmInline
    public value class Id(public val value: Long)
}

/** What the user has to answer. Printing one shows no text. */
public data class QuestionForm(
    /** The form's title; it may be empty. */
    public val title: String,
    /** What the server says about the form, in lines; it may be empty. */
    public val instructions: String,
    /** What is asked, in the server's order. */
    public val fields: List<Field>,
    /**
     * How many of the fields that are not required have to be answered: they are challenges of which one is as good as another.
     */
    public val choose: Int = 0,
) {
    override fun toString(): String = "QuestionForm(..)"
}

/** One thing that is asked. Printing one shows no text. */
public data class Field(
    /** What it is about, in one line. */
    public val label: String,
    /** What can be answered. */
    public val kind: FieldKind,
    /** It has to be answered. */
    public val required: Boolean,
    /** It is there to tell people from programs (XEP-0158). Its label may be in a language that the user does not read. */
    public val isChallenge: Boolean = false,
    /** What the server suggests. */
    public val preset: FieldAnswer? = null,
    /** A picture to look at. */
    public val picture: Picture? = null,
) {
    override fun toString(): String = "Field(..)"
}

/** What an answer can be (XEP-0004, section 3.3). Printing one shows no option. */
public sealed interface FieldKind {
    /** One line. */
    public data object Text : FieldKind

    /** One line that is not shown while it is typed. */
    public data object Secret : FieldKind

    /** Several lines. */
    public data object Lines : FieldKind

    /** Yes or no. */
    public data object YesNo : FieldKind

    /** One of these. */
    public data class One(public val options: List<String>) : FieldKind {
        override fun toString(): String = "One(..)"
    }

    /** Some of these. */
    public data class Some(public val options: List<String>) : FieldKind {
        override fun toString(): String = "Some(..)"
    }

    /** An XMPP address. */
    public data object Address : FieldKind

    /** XMPP addresses, one in a line. */
    public data object Addresses : FieldKind
}

/** What the user does about a question. Printing it shows nothing that was typed. */
public sealed interface Answer {
    /** Answers by the places of their fields, of which the first is 0. */
    public data class Fields(public val answers: Map<Int, FieldAnswer>) : Answer {
        override fun toString(): String = "Fields(..)"
    }

    /** Has the server ask anew, with another picture: this question ends, and another one follows. */
    public data object AnotherPicture : Answer

    /**
     * Does not answer: the server is given up. A creation that may choose its server goes on elsewhere, another one ends with
     * [FlashpaperException.Declined].
     */
    public data object GiveUp : Answer
}

/** What the user answers to one field. Printing one does not show it. */
public sealed interface FieldAnswer {
    /** Of all kinds that are written. */
    public data class Text(public val text: String) : FieldAnswer {
        override fun toString(): String = "Text(..)"
    }

    /** Of [FieldKind.YesNo]. */
    public data class YesNo(public val yes: Boolean) : FieldAnswer {
        override fun toString(): String = "YesNo(..)"
    }

    /** Which of the options, by their places; the first is 0. */
    public data class Chosen(public val places: List<Int>) : FieldAnswer {
        override fun toString(): String = "Chosen(..)"
    }
}

/** A picture to be looked at by the user. Printing one does not show it. */
public data class Picture(
    /** The file. */
    public val bytes: ByteArray,
    /** Its format, by its first bytes. */
    public val format: PictureFormat,
    /** Pixels, at most 2048. */
    public val width: Int,
    /** Pixels, at most 2048. */
    public val height: Int,
) {
    override fun equals(other: Any?): Boolean =
        other is Picture && bytes.contentEquals(other.bytes) && format == other.format && width == other.width && height == other.height

    override fun hashCode(): Int = bytes.contentHashCode()

    override fun toString(): String = "Picture(..)"
}

/** What a picture can be. */
public enum class PictureFormat(
    /** Its media type, as HTTP and Android name it. */
    public val mediaType: String,
) {
    /** PNG. */
    PNG("image/png"),
    /** JPEG. */
    JPEG("image/jpeg"),
}

/** Why a question is not open any more. */
public enum class QuestionEnd {
    /** It was answered. */
    ANSWERED,
    /** Another picture was asked for: another question follows. */
    REPLACED,
    /** It was declined. */
    DECLINED,
    /** The server does not wait any more, or the creation has ended. */
    EXPIRED,
    /** The library fell asleep: another question follows as it is resumed, unless it is locked meanwhile. */
    SUSPENDED,
}
