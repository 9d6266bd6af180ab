// Events, and what a creation tells. Each `when` names every case, so that a new one does not compile before it has its place.

package org.flashpaper.internal

import org.flashpaper.AnswerFault
import org.flashpaper.BurnerId
import org.flashpaper.Comparison
import org.flashpaper.Connection
import org.flashpaper.CreateOptions
import org.flashpaper.Event
import org.flashpaper.Field
import org.flashpaper.FieldAnswer
import org.flashpaper.FieldKind
import org.flashpaper.FlashpaperException
import org.flashpaper.Input
import org.flashpaper.Jid
import org.flashpaper.Message
import org.flashpaper.MessageId
import org.flashpaper.Notice
import org.flashpaper.Numbered
import org.flashpaper.Picture
import org.flashpaper.PictureFormat
import org.flashpaper.Progress
import org.flashpaper.Question
import org.flashpaper.QuestionEnd
import org.flashpaper.QuestionForm
import org.flashpaper.ServerWords
import org.flashpaper.Settlement
import org.flashpaper.Step
import org.flashpaper.Tor
import org.flashpaper.internal.ffi.Answer as FfiAnswer
import org.flashpaper.internal.ffi.CreateOptions as FfiCreateOptions
import org.flashpaper.internal.ffi.Event as FfiEvent
import org.flashpaper.internal.ffi.FieldKind as FfiFieldKind
import org.flashpaper.internal.ffi.Field as FfiField
import org.flashpaper.internal.ffi.Numbered as FfiNumbered
import org.flashpaper.internal.ffi.PictureFormat as FfiPictureFormat
import org.flashpaper.internal.ffi.Picture as FfiPicture
import org.flashpaper.internal.ffi.Progress as FfiProgress
import org.flashpaper.internal.ffi.QuestionEnd as FfiQuestionEnd
import org.flashpaper.internal.ffi.Question as FfiQuestion
import org.flashpaper.internal.ffi.Settlement as FfiSettlement
import org.flashpaper.internal.ffi.Step as FfiStep

internal fun FfiNumbered.face(): Numbered = Numbered(number.toLong(), event.face())

internal fun FfiEvent.face(): Event =
    when (this) {
        FfiEvent.PrivateNetwork -> Event.PrivateNetwork
        FfiEvent.TorStarting -> Event.TorStarting
        is FfiEvent.Tor -> Event.Tor(fraction, stage.face(), ready, blocked?.face())
        is FfiEvent.Creating -> Event.Creating(BurnerId(burner), step.face())
        is FfiEvent.Question -> Event.Question(BurnerId(burner), Question.Id(question.toLong()))
        is FfiEvent.QuestionEnded -> Event.QuestionEnded(BurnerId(burner), Question.Id(question.toLong()), end.face())
        is FfiEvent.Burning -> Event.Burning(BurnerId(burner), step.face())
        is FfiEvent.Restoring -> Event.Restoring(BurnerId(burner), step.face())
        is FfiEvent.Settled -> Event.Settled(BurnerId(burner), outcome.face())
        is FfiEvent.Expiring -> Event.Expiring(BurnerId(burner), at)
        is FfiEvent.Expired -> Event.Expired(BurnerId(burner))
        is FfiEvent.Connection -> Event.Connection(BurnerId(burner), connection.face())
        is FfiEvent.OtherRoute -> Event.OtherRoute(BurnerId(burner), via.face())
        is FfiEvent.Message -> Event.Message(BurnerId(burner), MessageId(message.toLong()), state.face())
        is FfiEvent.Conversation -> Event.Conversation(BurnerId(burner), Jid(peer))
        is FfiEvent.Comparison -> Event.Comparison(BurnerId(burner), Jid(peer), comparison.face())
        is FfiEvent.Notice -> Event.Notice(BurnerId(burner), Jid(peer), notice.face())
        FfiEvent.Locked -> Event.Locked
        is FfiEvent.Lagged -> Event.Lagged(lost.toLong())
    }

internal fun FfiStep.face(): Step =
    when (this) {
        is FfiStep.Sealed -> Step.Sealed(Jid(server), via.face())
        is FfiStep.OtherRoute -> Step.OtherRoute(via.face())
        is FfiStep.MovingOn -> Step.MovingOn(Jid(from), why.face())
        is FfiStep.Working -> Step.Working(percent.toInt())
        is FfiStep.ServerSays -> Step.ServerSays(ServerWords(words.text))
        is FfiStep.Connected -> Step.Connected(circuit)
        FfiStep.Secured -> Step.Secured
        FfiStep.Registered -> Step.Registered
        FfiStep.LoggedIn -> Step.LoggedIn
        FfiStep.Reachable -> Step.Reachable
        FfiStep.Removed -> Step.Removed
        FfiStep.Disabled -> Step.Disabled
        FfiStep.ProvenGone -> Step.ProvenGone
    }

internal fun FfiSettlement.face(): Settlement =
    when (this) {
        FfiSettlement.KEPT -> Settlement.KEPT
        FfiSettlement.REMOVED -> Settlement.REMOVED
        FfiSettlement.DISABLED -> Settlement.DISABLED
        FfiSettlement.ABSENT -> Settlement.ABSENT
        FfiSettlement.UNKNOWN -> Settlement.UNKNOWN
        FfiSettlement.DROPPED -> Settlement.DROPPED
    }

internal fun FfiQuestionEnd.face(): QuestionEnd =
    when (this) {
        FfiQuestionEnd.ANSWERED -> QuestionEnd.ANSWERED
        FfiQuestionEnd.REPLACED -> QuestionEnd.REPLACED
        FfiQuestionEnd.DECLINED -> QuestionEnd.DECLINED
        FfiQuestionEnd.EXPIRED -> QuestionEnd.EXPIRED
        FfiQuestionEnd.SUSPENDED -> QuestionEnd.SUSPENDED
    }

internal fun FfiProgress.face(): Progress =
    question?.let { Progress.Asks(it.face()) } ?: server?.let { Progress.Working(Jid(it), step?.face()) } ?: Progress.Starting

internal fun FfiQuestion.face(): Question =
    Question(
        Question.Id(id.toLong()),
        BurnerId(burner),
        Jid(server),
        QuestionForm(form.title, form.instructions, form.fields.map { it.face() }, form.choose.toInt()),
    )

internal fun FfiField.face(): Field = Field(label, kind.face(), required, isChallenge, preset?.face(), picture?.face())

internal fun FfiFieldKind.face(): FieldKind =
    when (this) {
        FfiFieldKind.Text -> FieldKind.Text
        FfiFieldKind.Secret -> FieldKind.Secret
        FfiFieldKind.Lines -> FieldKind.Lines
        FfiFieldKind.YesNo -> FieldKind.YesNo
        is FfiFieldKind.One -> FieldKind.One(options)
        is FfiFieldKind.Some -> FieldKind.Some(options)
        FfiFieldKind.Address -> FieldKind.Address
        FfiFieldKind.Addresses -> FieldKind.Addresses
    }

internal fun FfiAnswer.face(): FieldAnswer =
    when (this) {
        is FfiAnswer.Text -> FieldAnswer.Text(text)
        is FfiAnswer.YesNo -> FieldAnswer.YesNo(yes)
        is FfiAnswer.Chosen -> FieldAnswer.Chosen(places.map { it.toInt() })
    }

/** No place is negative: one is refused here, where it still has the caller's number. */
internal fun Map<Int, FieldAnswer>.ffi(): Map<UInt, FfiAnswer> {
    keys.firstOrNull { it < 0 }?.let { throw FlashpaperException.InvalidInput(Input.Answer(AnswerFault.Unfit(it))) }
    return entries.associate { (place, answer) -> place.toUInt() to answer.ffi() }
}

/** A negative place of an option becomes one that no field has: the library refuses it, and names the field. */
internal fun FieldAnswer.ffi(): FfiAnswer =
    when (this) {
        is FieldAnswer.Text -> FfiAnswer.Text(text)
        is FieldAnswer.YesNo -> FfiAnswer.YesNo(yes)
        is FieldAnswer.Chosen -> FfiAnswer.Chosen(places.map { it.toUInt() })
    }

internal fun FfiPicture.face(): Picture = Picture(bytes, format.face(), width.toInt(), height.toInt())

internal fun FfiPictureFormat.face(): PictureFormat =
    when (this) {
        FfiPictureFormat.PNG -> PictureFormat.PNG
        FfiPictureFormat.JPEG -> PictureFormat.JPEG
    }

internal fun CreateOptions.ffi(): FfiCreateOptions =
    FfiCreateOptions(server, route?.ffi(), recoverable, asksNothing, invitation, expiresAt?.ffi())
