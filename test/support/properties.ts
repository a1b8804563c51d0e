import fc from 'fast-check'

/** A property that says how long its arrays and texts may be means it: fast-check would make them ten long at the most. */
fc.configureGlobal({ ...fc.readConfigureGlobal(), defaultSizeToMaxWhenMaxSpecified: true })
