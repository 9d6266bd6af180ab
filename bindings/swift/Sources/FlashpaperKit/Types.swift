import FlashpaperCore

// The generated types that an app sees; the rest of the generated module is not for it.

public typealias Action = FlashpaperCore.Action
public typealias BurnOutcome = FlashpaperCore.BurnOutcome
public typealias BurnReport = FlashpaperCore.BurnReport
public typealias Burner = FlashpaperCore.Burner
public typealias BurnerId = FlashpaperCore.BurnerId
public typealias BurnerState = FlashpaperCore.BurnerState
public typealias ClockError = FlashpaperCore.ClockError
public typealias CreateOptions = FlashpaperCore.CreateOptions
public typealias Event = FlashpaperCore.Event
public typealias FlashpaperError = FlashpaperCore.FlashpaperError
public typealias Input = FlashpaperCore.Input
public typealias Key = FlashpaperCore.Key
public typealias Route = FlashpaperCore.Route
public typealias Settlement = FlashpaperCore.Settlement
public typealias Step = FlashpaperCore.Step
public typealias VaultReport = FlashpaperCore.VaultReport
