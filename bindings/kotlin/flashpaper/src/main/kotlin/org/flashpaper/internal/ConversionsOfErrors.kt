// Errors as apps see them. Each `when` names every case, so that a new one does not compile before it has its place.

package org.flashpaper.internal

import kotlin.time.toKotlinDuration
import org.flashpaper.Answer
import org.flashpaper.AnswerFault
import org.flashpaper.BridgePart
import org.flashpaper.ClockError
import org.flashpaper.DirectoryFault
import org.flashpaper.FlashpaperException
import org.flashpaper.FormFault
import org.flashpaper.Input
import org.flashpaper.KeySourceException
import org.flashpaper.MeantWord
import org.flashpaper.RowFault
import org.flashpaper.TextFault
import org.flashpaper.Transport
import org.flashpaper.WebPage
import org.flashpaper.WordsError
import org.flashpaper.internal.ffi.AnswerFault as FfiAnswerFault
import org.flashpaper.internal.ffi.BridgePart as FfiBridgePart
import org.flashpaper.internal.ffi.ClockError as FfiClockError
import org.flashpaper.internal.ffi.DirectoryFault as FfiDirectoryFault
import org.flashpaper.internal.ffi.FlashpaperException as FfiFlashpaperException
import org.flashpaper.internal.ffi.FormFault as FfiFormFault
import org.flashpaper.internal.ffi.Input as FfiInput
import org.flashpaper.internal.ffi.KeySourceException as FfiKeySourceException
import org.flashpaper.internal.ffi.RowFault as FfiRowFault
import org.flashpaper.internal.ffi.TextFault as FfiTextFault
import org.flashpaper.internal.ffi.WordsError as FfiWordsError

internal fun FfiFlashpaperException.face(): FlashpaperException =
    when (this) {
        is FfiFlashpaperException.Offline -> FlashpaperException.Offline()
        is FfiFlashpaperException.TorBlocked -> FlashpaperException.TorBlocked()
        is FfiFlashpaperException.ClockWrong -> FlashpaperException.ClockWrong(by?.face())
        is FfiFlashpaperException.Obsolete -> FlashpaperException.Obsolete()
        is FfiFlashpaperException.TorNotStarted -> FlashpaperException.TorNotStarted()
        is FfiFlashpaperException.ServerUnreachable -> FlashpaperException.ServerUnreachable()
        is FfiFlashpaperException.OnionUnreachable -> FlashpaperException.OnionUnreachable()
        is FfiFlashpaperException.Timeout -> FlashpaperException.Timeout()
        is FfiFlashpaperException.Untrusted -> FlashpaperException.Untrusted()
        is FfiFlashpaperException.NoSafeLogin -> FlashpaperException.NoSafeLogin()
        is FfiFlashpaperException.NoSafeDelivery -> FlashpaperException.NoSafeDelivery()
        is FfiFlashpaperException.RegistrationClosed -> FlashpaperException.RegistrationClosed()
        is FfiFlashpaperException.Unanswerable -> FlashpaperException.Unanswerable(fault.face())
        is FfiFlashpaperException.NeedsInvite -> FlashpaperException.NeedsInvite()
        is FfiFlashpaperException.BadAnswer -> FlashpaperException.BadAnswer()
        is FfiFlashpaperException.Declined -> FlashpaperException.Declined()
        is FfiFlashpaperException.QuestionExpired -> FlashpaperException.QuestionExpired()
        is FfiFlashpaperException.NoSuchQuestion -> FlashpaperException.NoSuchQuestion()
        is FfiFlashpaperException.WeakPassword -> FlashpaperException.WeakPassword()
        is FfiFlashpaperException.PolicyDenied -> FlashpaperException.PolicyDenied()
        is FfiFlashpaperException.Quarantined -> FlashpaperException.Quarantined()
        is FfiFlashpaperException.NeedsWeb -> FlashpaperException.NeedsWeb(WebPage(page.url))
        is FfiFlashpaperException.RateLimited -> FlashpaperException.RateLimited(retryAfter?.toKotlinDuration())
        is FfiFlashpaperException.NamesTaken -> FlashpaperException.NamesTaken()
        is FfiFlashpaperException.ReservedNameTaken -> FlashpaperException.ReservedNameTaken()
        is FfiFlashpaperException.ServerRefused -> FlashpaperException.ServerRefused()
        is FfiFlashpaperException.ServerFailed -> FlashpaperException.ServerFailed()
        is FfiFlashpaperException.Auth -> FlashpaperException.Auth()
        is FfiFlashpaperException.ServerBroken -> FlashpaperException.ServerBroken()
        is FfiFlashpaperException.NoServer -> FlashpaperException.NoServer()
        is FfiFlashpaperException.NoSuchBurner -> FlashpaperException.NoSuchBurner()
        is FfiFlashpaperException.AlreadyHere -> FlashpaperException.AlreadyHere()
        is FfiFlashpaperException.NoSuchMessage -> FlashpaperException.NoSuchMessage()
        is FfiFlashpaperException.NoSuchPeer -> FlashpaperException.NoSuchPeer()
        is FfiFlashpaperException.PeerBlocked -> FlashpaperException.PeerBlocked()
        is FfiFlashpaperException.OutboxFull -> FlashpaperException.OutboxFull()
        is FfiFlashpaperException.NotPrivate -> FlashpaperException.NotPrivate()
        is FfiFlashpaperException.NothingAsked -> FlashpaperException.NothingAsked()
        is FfiFlashpaperException.OtherKeyVerified -> FlashpaperException.OtherKeyVerified()
        is FfiFlashpaperException.OtherKeyInUse -> FlashpaperException.OtherKeyInUse()
        is FfiFlashpaperException.VaultLocked -> FlashpaperException.VaultLocked()
        is FfiFlashpaperException.VaultDamaged -> FlashpaperException.VaultDamaged()
        is FfiFlashpaperException.Unreadable -> FlashpaperException.Unreadable()
        is FfiFlashpaperException.VaultTooNew -> FlashpaperException.VaultTooNew()
        is FfiFlashpaperException.KeyDenied -> FlashpaperException.KeyDenied()
        is FfiFlashpaperException.KeyLocked -> FlashpaperException.KeyLocked()
        is FfiFlashpaperException.KeyUnavailable -> FlashpaperException.KeyUnavailable()
        is FfiFlashpaperException.KeyLost -> FlashpaperException.KeyLost()
        is FfiFlashpaperException.StorageFull -> FlashpaperException.StorageFull()
        is FfiFlashpaperException.Storage -> FlashpaperException.Storage()
        is FfiFlashpaperException.Suspended -> FlashpaperException.Suspended()
        is FfiFlashpaperException.InUse -> FlashpaperException.InUse()
        is FfiFlashpaperException.Cancelled -> FlashpaperException.Cancelled()
        is FfiFlashpaperException.Closed -> FlashpaperException.Closed()
        is FfiFlashpaperException.InvalidInput -> FlashpaperException.InvalidInput(input.face())
        is FfiFlashpaperException.Internal -> FlashpaperException.Internal()
    }

internal fun FfiClockError.face(): ClockError =
    when (this) {
        is FfiClockError.Slow -> ClockError.Slow(by.toKotlinDuration())
        is FfiClockError.Fast -> ClockError.Fast(by.toKotlinDuration())
    }

internal fun FfiFormFault.face(): FormFault =
    when (this) {
        FfiFormFault.NOBODY_TO_ASK -> FormFault.NOBODY_TO_ASK
        FfiFormFault.KIND -> FormFault.KIND
        FfiFormFault.WORK -> FormFault.WORK
        FfiFormFault.PICTURE -> FormFault.PICTURE
        FfiFormFault.PICTURE_LOST -> FormFault.PICTURE_LOST
    }

internal fun FfiInput.face(): Input =
    when (this) {
        FfiInput.Server -> Input.Server
        FfiInput.Onion -> Input.Onion
        FfiInput.Network -> Input.Network
        FfiInput.Passphrase -> Input.Passphrase
        FfiInput.SamePassphrase -> Input.SamePassphrase
        FfiInput.NoPassphrase -> Input.NoPassphrase
        FfiInput.Address -> Input.Address
        is FfiInput.Text -> Input.Text(fault.face())
        FfiInput.Fingerprints -> Input.Fingerprints
        is FfiInput.Directory -> Input.Directory(fault.face())
        is FfiInput.Bridge -> Input.Bridge(line.toInt(), part.face())
        FfiInput.Transport -> Input.Transport
        FfiInput.Resolver -> Input.Resolver
        FfiInput.Invitation -> Input.Invitation
        is FfiInput.Words -> Input.Words(fault.face())
        FfiInput.ReservedName -> Input.ReservedName
        FfiInput.Expiry -> Input.Expiry
        FfiInput.AutoLock -> Input.AutoLock
        FfiInput.Ticket -> Input.Ticket
        FfiInput.Timer -> Input.Timer
        is FfiInput.Answer -> Input.Answer(fault.face())
    }

internal fun FfiTextFault.face(): TextFault =
    when (this) {
        FfiTextFault.Empty -> TextFault.Empty
        is FfiTextFault.TooLong -> TextFault.TooLong(bytes.toLong(), limit.toLong())
        is FfiTextFault.Character -> TextFault.Character(code.toInt(), at.toLong())
    }

internal fun FfiBridgePart.face(): BridgePart =
    when (this) {
        FfiBridgePart.ADDRESS -> BridgePart.ADDRESS
        FfiBridgePart.FINGERPRINT -> BridgePart.FINGERPRINT
        FfiBridgePart.TRANSPORT -> BridgePart.TRANSPORT
        FfiBridgePart.ARGUMENT -> BridgePart.ARGUMENT
    }

internal fun FfiAnswerFault.face(): AnswerFault =
    when (this) {
        is FfiAnswerFault.Missing -> AnswerFault.Missing(field.toInt())
        is FfiAnswerFault.Unfit -> AnswerFault.Unfit(field.toInt())
        FfiAnswerFault.TooFew -> AnswerFault.TooFew
    }

internal fun FfiDirectoryFault.face(): DirectoryFault =
    when (this) {
        FfiDirectoryFault.TooLarge -> DirectoryFault.TooLarge
        FfiDirectoryFault.Signature -> DirectoryFault.Signature
        FfiDirectoryFault.TooOld -> DirectoryFault.TooOld
        is FfiDirectoryFault.Malformed -> DirectoryFault.Malformed(line.toLong(), fault.face())
    }

internal fun FfiRowFault.face(): RowFault =
    when (this) {
        FfiRowFault.HEADER -> RowFault.HEADER
        FfiRowFault.COLUMNS -> RowFault.COLUMNS
        FfiRowFault.DOMAIN -> RowFault.DOMAIN
        FfiRowFault.ONION -> RowFault.ONION
        FfiRowFault.PORTS -> RowFault.PORTS
        FfiRowFault.REGISTRATION -> RowFault.REGISTRATION
        FfiRowFault.TOR -> RowFault.TOR
        FfiRowFault.TEXT -> RowFault.TEXT
        FfiRowFault.SEEN -> RowFault.SEEN
        FfiRowFault.TWICE -> RowFault.TWICE
    }

internal fun FfiWordsError.face(): WordsError =
    when (this) {
        is FfiWordsError.Count -> WordsError.Count(words.toInt())
        is FfiWordsError.Unknown -> WordsError.Unknown(at.toInt(), MeantWord(nearest.word))
        FfiWordsError.Checksum -> WordsError.Checksum
    }

internal fun KeySourceException.ffi(): FfiKeySourceException =
    when (this) {
        is KeySourceException.NeedsUserAuth -> FfiKeySourceException.NeedsUserAuth()
        is KeySourceException.LockedUntilFirstUnlock -> FfiKeySourceException.LockedUntilFirstUnlock()
        is KeySourceException.Invalidated -> FfiKeySourceException.Invalidated()
        is KeySourceException.Full -> FfiKeySourceException.Full()
        is KeySourceException.Unavailable -> FfiKeySourceException.Unavailable()
    }
